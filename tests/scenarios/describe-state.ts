/** A state on one line, without the noise of JSON. */
export function describeState(state: unknown): string {
  return `state ${JSON.stringify(state)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ')
    .replaceAll('"', '')}`;
}
