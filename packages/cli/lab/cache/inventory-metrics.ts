import { Failure } from '../../failure.js';
import { findLiveRun } from '../../launcher/run-record.js';
import type { StateFolder } from '../../launcher/state-folder.js';

/** What the inventory's processes have counted since they started, all of them together. */
export interface Counts {
  /** SQL statements that looked for products. */
  readonly queries: number;
  /** Reads through the cache. */
  readonly reads: number;
  /** Those of them that were answered without asking the database. */
  readonly answered: number;
}

/** Results of a read that has asked the database itself. */
const loads = new Set(['miss', 'behind', 'unreadable', 'unavailable', 'bypassed']);
const timeoutMs = 5_000;

/** Adds up what the processes of the inventory tell at /metrics. */
export async function readCounts(state: StateFolder): Promise<Counts> {
  const processes = findLiveRun(state)?.processes.filter(({ name }) => /^inventory-\d+$/.test(name)) ?? [];
  if (processes.length === 0) throw new Failure('No process of the inventory runs: the lab needs stage 10.');
  const texts = await Promise.all(
    processes.map(async ({ port }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
        signal: AbortSignal.timeout(timeoutMs),
      });
      return answer.text();
    }),
  );
  return texts.map(countsIn).reduce(add);
}

/** @param text in the format of Prometheus */
export function countsIn(text: string): Counts {
  let counts: Counts = { queries: 0, reads: 0, answered: 0 };
  for (const [, name = '', labels = '', value = '0'] of text.matchAll(/^(\w+)\{([^}]*)\} (\S+)$/gm)) {
    if (name === 'sql_statement_duration_seconds_count' && /statement="product-/.test(labels)) {
      counts = { ...counts, queries: counts.queries + Number(value) };
    }
    const result = name === 'cache_reads_total' ? /result="([^"]*)"/.exec(labels)?.[1] : undefined;
    if (result === undefined) continue;
    const answered = loads.has(result) ? 0 : Number(value);
    counts = { ...counts, reads: counts.reads + Number(value), answered: counts.answered + answered };
  }
  return counts;
}

export function since(now: Counts, before: Counts): Counts {
  return {
    queries: now.queries - before.queries,
    reads: now.reads - before.reads,
    answered: now.answered - before.answered,
  };
}

function add(one: Counts, other: Counts): Counts {
  return {
    queries: one.queries + other.queries,
    reads: one.reads + other.reads,
    answered: one.answered + other.answered,
  };
}
