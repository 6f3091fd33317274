import { Book, type Entry, type SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import type { AuditSource } from '#platform/audit/audit.js';

export interface Law {
  readonly name: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly actual: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly laws: readonly Law[];
}

export interface Books {
  readonly account: AuditSource;
  readonly inventory: AuditSource;
  readonly order: AuditSource;
}

/** One look at all books. `differing` holds the transactions on which they disagree, and why. */
interface Look {
  readonly laws: readonly Law[];
  readonly money: ReadonlyMap<string, Difference>;
  readonly stock: ReadonlyMap<string, Difference>;
  readonly pending: ReadonlySet<string>;
  readonly totals: ReadonlyMap<string, number>;
}

interface Difference {
  /** What the order service says; undefined when it knows of no such confirmed order. */
  readonly ordered: Entry | undefined;
  /** What the account or inventory service says. */
  readonly taken: Entry | undefined;
}

const betweenLooksMs = 300;

/**
 * Checks the conservation laws on the running shop. The services' books are read one after the other, so that a
 * transaction under way looks different in each: what counts is what differs in two looks in a row and belongs to
 * no order that is still PENDING. Looks again until all is well or `waitMs` is over.
 */
export async function checkInvariants(books: Books, waitMs: number): Promise<Verdict> {
  const giveUpAtMs = Date.now() + waitMs;
  for (let before = await look(books); ;) {
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMs));
    const now = await look(books);
    const verdict = judge(before, now);
    if (verdict.ok || Date.now() >= giveUpAtMs) return verdict;
    before = now;
  }
}

async function look({ account, inventory, order }: Books): Promise<Look> {
  const ordered = await order.summarize();
  const [paid, moved] = await Promise.all([account.summarize(), inventory.summarize()]);
  const [money, stock] = await Promise.all([
    differences(Book.MONEY, ordered, order, paid, account),
    differences(Book.STOCK, ordered, order, moved, inventory),
  ]);
  const named = (service: string, laws: readonly Law[]): Law[] =>
    laws.map((law) => ({ ...law, name: `${service}: ${law.name}` }));
  return {
    laws: [
      ...named('account', paid.laws),
      ...named('inventory', moved.laws),
      ...named('order', ordered.laws),
    ],
    money,
    stock,
    pending: new Set(ordered.pendingGids),
    totals: new Map([...paid.totals, ...ordered.totals].map(({ name, value }) => [name, value])),
  };
}

/** Compares two services' books, fetching only the buckets whose checksums differ. */
async function differences(
  book: Book,
  ordered: SummarizeReply,
  orderSource: AuditSource,
  taken: SummarizeReply,
  takenSource: AuditSource,
): Promise<Map<string, Difference>> {
  const checksums = (summary: SummarizeReply): Map<string, string> =>
    new Map(
      summary.buckets
        .filter((bucket) => bucket.book === book)
        .map(({ prefix, entries, checksum }) => [prefix, `${entries}/${checksum}`]),
    );
  const [left, right] = [checksums(ordered), checksums(taken)];
  const prefixes = [...new Set([...left.keys(), ...right.keys()])].filter(
    (p) => left.get(p) !== right.get(p),
  );
  if (prefixes.length === 0) return new Map();
  const [orderEntries, takenEntries] = await Promise.all([
    orderSource.listEntries(book, prefixes),
    takenSource.listEntries(book, prefixes),
  ]);
  const byGid = (entries: readonly Entry[]): Map<string, Entry> =>
    new Map(entries.map((entry) => [entry.gid, entry]));
  const [orders, takes] = [byGid(orderEntries.entries), byGid(takenEntries.entries)];
  const result = new Map<string, Difference>();
  for (const gid of new Set([...orders.keys(), ...takes.keys()])) {
    const difference = { ordered: orders.get(gid), taken: takes.get(gid) };
    if (difference.ordered?.content !== difference.taken?.content) result.set(gid, difference);
  }
  return result;
}

function judge(before: Look, now: Look): Verdict {
  const money = lasting(before.money, now.money, before.pending, now.pending);
  const stock = lasting(before.stock, now.stock, before.pending, now.pending);
  const laws = [
    moneyLaw(now, money),
    crossLaw(
      'every CONFIRMED order has exactly one debit of its total, and every debit such an order',
      money,
    ),
    crossLaw('every CONFIRMED order took exactly its items, and everything taken has such an order', stock),
    ...now.laws,
  ];
  return { ok: laws.every(({ ok }) => ok), laws };
}

function lasting(
  before: ReadonlyMap<string, Difference>,
  now: ReadonlyMap<string, Difference>,
  ...pending: ReadonlySet<string>[]
): Map<string, Difference> {
  return new Map([...now].filter(([gid]) => before.has(gid) && !pending.some((gids) => gids.has(gid))));
}

/** Σ balances + Σ confirmed orders = Σ opening balances; what an order under way has taken counts as confirmed. */
function moneyLaw({ totals }: Look, broken: ReadonlyMap<string, Difference>): Law {
  const total = (name: string): number => totals.get(name) ?? 0;
  const unaccounted = [...broken.values()].reduce(
    (sum, { ordered, taken }) => sum + (ordered?.amountMinor ?? 0) - (taken?.amountMinor ?? 0),
    0,
  );
  const expected = total('opening');
  const actual = total('balances') + total('taken') + unaccounted;
  return {
    name: 'balances and confirmed orders add up to the opening balances',
    ok: actual === expected,
    expected: String(expected),
    actual: String(actual),
  };
}

const mostNamed = 5;

function crossLaw(name: string, broken: ReadonlyMap<string, Difference>): Law {
  const named = [...broken].slice(0, mostNamed).map(([gid, { ordered, taken }]) => {
    if (ordered === undefined) return `${gid} was taken without a confirmed order`;
    return taken === undefined ? `${gid} is confirmed but nothing was taken` : `${gid} took something else`;
  });
  const more = broken.size > mostNamed ? [`and ${broken.size - mostNamed} more`] : [];
  return {
    name,
    ok: broken.size === 0,
    expected: '0 exceptions',
    actual:
      broken.size === 0 ? '0 exceptions' : `${broken.size} exceptions: ${[...named, ...more].join('; ')}`,
  };
}
