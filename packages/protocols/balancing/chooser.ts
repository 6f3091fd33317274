import { HashRing } from './hash-ring.js';
import { hashText } from './hash-text.js';
import { PeakEwma } from './peak-ewma.js';
import { fullWeight, type ClientStrategy } from './strategy.js';
import { shareOf, type Target } from './target.js';
import { WeightedTurns } from './weighted-turns.js';

export interface Choice {
  /** What the request is about, for `consistent-hash`: requests with the same key go to the same copy. */
  readonly key: string;
  readonly nowMs: number;
  /** Evenly distributed from 0 up to 1, new for each call. */
  readonly random: () => number;
  /** Whether a copy can be asked now. */
  readonly isUsable: (address: string) => boolean;
}

interface Copy {
  readonly address: string;
  share: number;
  inFlight: number;
  readonly latency: PeakEwma;
}

/** A copy that fails fast must not look like a fast one: a failure counts as an answer that took at least this long. */
export const failureCostMs = 1_000;

/** With the modulo, an unusable copy's clients are hashed again so often before they are given to anybody. */
const mostRehashes = 20;

/**
 * Chooses one of several copies for each request by one of the strategies, and is told when a request begins and ends. Time and
 * randomness come with each choice.
 */
export class Chooser {
  private copies: readonly Copy[] = [];
  private byAddress: ReadonlyMap<string, Copy> = new Map();
  private addresses: readonly string[] = [];
  private ring = new HashRing([], []);
  private readonly turns = new WeightedTurns();

  /** @param self the caller's own name, which is its address for `ip-hash` */
  constructor(
    readonly strategy: ClientStrategy,
    private readonly self: string,
  ) {}

  /** The copies there are from now on; what is known of those that stay is kept. */
  update(targets: readonly Target[]): void {
    this.copies = targets.map((target) => {
      const share = shareOf(target, this.strategy);
      const known = this.byAddress.get(target.address);
      if (known === undefined)
        return { address: target.address, share, inFlight: 0, latency: new PeakEwma() };
      known.share = share;
      return known;
    });
    this.byAddress = new Map(this.copies.map((copy) => [copy.address, copy]));
    this.addresses = this.copies.map(({ address }) => address);
    this.turns.keep(new Set(this.addresses));
    if (this.strategy === 'consistent-hash') {
      this.ring = new HashRing(
        this.addresses,
        this.copies.map(({ share }) => share / fullWeight),
      );
    }
  }

  /** The address of the copy to ask; undefined when none is usable. */
  choose(choice: Choice): string | undefined {
    const { copies } = this;
    switch (this.strategy) {
      case 'round-robin':
      case 'weighted':
        return this.inTurn(choice, ({ share }) => share);
      case 'least-request':
        return this.inTurn(choice, ({ share, inFlight }) => share / (inFlight + 1));
      case 'least-conn':
        return this.leastBusy(choice);
      case 'ip-hash':
        return this.byModulo(choice);
      case 'consistent-hash':
        return copies[this.ring.at(choice.key, (index) => isUsable(copies[index], choice))]?.address;
      case 'random-two':
        return this.betterOfTwo(
          choice,
          ({ share }) => share,
          ({ share, inFlight }) => (inFlight + 1) / share,
        );
      case 'ewma':
        return this.betterOfTwo(
          choice,
          () => 1,
          ({ share, inFlight, latency }) => (latency.at(choice.nowMs) * (inFlight + 1)) / share,
        );
    }
  }

  begun(address: string): void {
    const copy = this.byAddress.get(address);
    if (copy !== undefined) copy.inFlight += 1;
  }

  ended(
    address: string,
    end: { readonly tookMs: number; readonly ok: boolean; readonly nowMs: number },
  ): void {
    const copy = this.byAddress.get(address);
    if (copy === undefined) return;
    copy.inFlight = Math.max(0, copy.inFlight - 1);
    copy.latency.note(end.ok ? end.tookMs : Math.max(end.tookMs, failureCostMs), end.nowMs);
  }

  /** How many requests of this caller's a copy has. */
  inFlight(address: string): number {
    return this.byAddress.get(address)?.inFlight ?? 0;
  }

  private inTurn(choice: Choice, weightOf: (copy: Copy) => number): string | undefined {
    const weights = this.copies.map((copy) => (choice.isUsable(copy.address) ? weightOf(copy) : 0));
    return this.addresses[this.turns.next(this.addresses, weights)];
  }

  /** The fewest requests for its share; between equals it goes in turn, as nginx's least_conn does. */
  private leastBusy(choice: Choice): string | undefined {
    let least = Infinity;
    for (const copy of this.copies) {
      if (choice.isUsable(copy.address)) least = Math.min(least, copy.inFlight / copy.share);
    }
    return this.inTurn(choice, ({ share, inFlight }) => (inFlight / share === least ? share : 0));
  }

  private byModulo(choice: Choice): string | undefined {
    const total = this.copies.reduce((sum, { share }) => sum + share, 0);
    for (let round = 0; round < mostRehashes; round += 1) {
      let place = hashText(round === 0 ? this.self : `${round}${this.self}`) % Math.max(1, total);
      const copy = this.copies.find(({ share }) => (place -= share) < 0);
      if (isUsable(copy, choice)) return copy?.address;
    }
    return this.addresses.find((address) => choice.isUsable(address));
  }

  /**
   * The power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001): the
   * better of two is nearly as good as the best of all, and callers that see the same numbers do not all run to the same copy.
   */
  private betterOfTwo(
    choice: Choice,
    chanceOf: (copy: Copy) => number,
    costOf: (copy: Copy) => number,
  ): string | undefined {
    const usable = this.copies.filter(({ address }) => choice.isUsable(address));
    const first = draw(usable, chanceOf, choice.random());
    if (first === undefined || usable.length === 1) return first?.address;
    const others = usable.filter((copy) => copy !== first);
    const second = draw(others, chanceOf, choice.random()) ?? first;
    return (costOf(second) < costOf(first) ? second : first).address;
  }
}

function isUsable(copy: Copy | undefined, choice: Choice): boolean {
  return copy !== undefined && choice.isUsable(copy.address);
}

function draw(copies: readonly Copy[], chanceOf: (copy: Copy) => number, random: number): Copy | undefined {
  const total = copies.reduce((sum, copy) => sum + chanceOf(copy), 0);
  let place = random * total;
  return copies.find((copy) => (place -= chanceOf(copy)) < 0) ?? copies.at(-1);
}
