/**
 * Jain's index of fairness: 1 when everybody has the same, 1/n when one has all (Jain, Chiu, Hawe, "A Quantitative Measure of
 * Fairness and Discrimination", DEC-TR-301, 1984).
 *
 * @param amounts what each has, in proportion to what it should have
 */
export function jainsIndex(amounts: readonly number[]): number {
  const sum = amounts.reduce((all, amount) => all + amount, 0);
  const squares = amounts.reduce((all, amount) => all + amount * amount, 0);
  return squares === 0 ? 1 : (sum * sum) / (amounts.length * squares);
}

/** The back end that has answered a client most; by client. */
export function homesOf(
  clients: Readonly<Record<string, Readonly<Record<string, number>>>>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(clients).map(([client, counts]) => {
      const [home = ''] = Object.entries(counts).sort(([, left], [, right]) => right - left)[0] ?? [];
      return [client, home];
    }),
  );
}

/** The share of clients that are answered by another back end than before. */
export function movedShare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  const clients = [...before.keys()].filter((client) => after.has(client));
  const moved = clients.filter((client) => before.get(client) !== after.get(client));
  return clients.length === 0 ? 0 : moved.length / clients.length;
}
