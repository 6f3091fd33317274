/** Differences below this are a tie: what varies as much between two rounds says nothing about two strategies. */
export const tieShare = 0.25;

export interface Contradiction {
  readonly one: string;
  readonly other: string;
}

/**
 * Pairs of which one is clearly better in one round and clearly worse in another. With none, the rounds agree on the order of
 * the strategies.
 *
 * @param rounds by name, lower is better
 */
export function contradictions(rounds: readonly ReadonlyMap<string, number>[]): Contradiction[] {
  const names = [...(rounds[0]?.keys() ?? [])];
  return names.flatMap((one, index) =>
    names.slice(index + 1).flatMap((other) => {
      const signs = new Set(rounds.map((round) => compare(round.get(one), round.get(other))));
      return signs.has(-1) && signs.has(1) ? [{ one, other }] : [];
    }),
  );
}

function compare(left = NaN, right = NaN): -1 | 0 | 1 {
  if (left * (1 + tieShare) < right) return -1;
  if (right * (1 + tieShare) < left) return 1;
  return 0;
}
