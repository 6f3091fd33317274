/**
 * Smooth weighted round robin, as in nginx (Sysoev, commit 52327e0627f4, 2012): weights 5, 1, 1 give a a b a c a a, and not
 * five turns for a in a row. In each round everybody gains its weight, who has most takes the turn and pays the sum of all.
 * With equal weights it is plain round robin. Weights and the set of copies may change between any two turns.
 */
export class WeightedTurns {
  private readonly credit = new Map<string, number>();

  /** The index of the one whose turn it is, among those whose weight is not 0.; -1 when there is none */
  next(addresses: readonly string[], weights: readonly number[]): number {
    let total = 0;
    let best = -1;
    let most = -Infinity;
    for (let index = 0; index < addresses.length; index += 1) {
      const weight = weights[index] ?? 0;
      const address = addresses[index] ?? '';
      if (weight <= 0) continue;
      total += weight;
      const credit = (this.credit.get(address) ?? 0) + weight;
      this.credit.set(address, credit);
      if (credit > most) {
        most = credit;
        best = index;
      }
    }
    if (best >= 0) this.credit.set(addresses[best] ?? '', most - total);
    return best;
  }

  /** Forgets those who are gone, so that who comes back starts anew. */
  keep(addresses: ReadonlySet<string>): void {
    for (const address of this.credit.keys()) if (!addresses.has(address)) this.credit.delete(address);
  }
}
