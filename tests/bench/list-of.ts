import { InvalidArgumentError } from 'commander';

/** Reads a list of names with commas between, all of which must be known. */
export function listOf<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = known.find((name) => name === part);
      if (found === undefined) throw new InvalidArgumentError(`Each must be one of ${known.join(', ')}.`);
      return found;
    });
}
