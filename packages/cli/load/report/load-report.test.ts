import { describe, expect, test } from '@jest/globals';
import { Histogram } from '#protocols/histogram.js';
import type { LoadPlan } from '../load-plan.js';
import { toResult, type LoadResult } from '../load-result.js';
import { LoadTally } from '../load-tally.js';
import { renderCsv, renderLog } from './load-csv.js';
import { renderLoadHtml } from './load-html.js';
import { summarizeLoad } from './load-summary.js';
import { describeLoad } from './load-text.js';

const plan: LoadPlan = {
  host: '127.0.0.1',
  port: 8080,
  kinds: [{ name: 'browse', weight: 1, method: 'GET', paths: ['/'], expected: [200] }],
  loop: { kind: 'open', shape: { kind: 'constant', rate: 3 }, connections: 8 },
  durationMs: 2_000,
  warmUpMs: 0,
  timeoutMs: 1_000,
  seed: 1,
  clients: 2,
  clientHeaders: ['Authorization: Bearer secret'],
  workers: 2,
};

function latencies(...valuesMs: number[]): ReturnType<Histogram['toCounts']> {
  const histogram = new Histogram();
  for (const value of valuesMs) histogram.record(value * 1000);
  return histogram.toCounts();
}

/** Two processes: one was answered by two back ends, one of which has a name that is no good markup; the other lost a request. */
function newResultForTest(): LoadResult {
  const tally = new LoadTally();
  const second = { second: 0, due: 2, sent: 2, inTime: 2, retries: 1, errors: {} };
  const delays = { sendDelay: latencies(0.1, 0.1), takeUpDelay: latencies(0.1, 0.1) };
  const odd = '<b>, "2"';
  tally.add({
    kind: 'seconds',
    seconds: [
      {
        ...second,
        ...delays,
        kinds: { browse: latencies(1, 3) },
        backEnds: { a: latencies(1), [odd]: latencies(3) },
        statuses: { browse: { 200: 2 } },
      },
    ],
  });
  tally.add({
    kind: 'seconds',
    seconds: [
      {
        ...second,
        ...delays,
        second: 1,
        inTime: 1,
        retries: 0,
        errors: { timeout: 1 },
        kinds: { browse: latencies(5) },
        backEnds: { a: latencies(5) },
        statuses: { browse: { 200: 1 } },
      },
    ],
  });
  tally.add({ kind: 'end', clients: { 0: { a: 1 } }, log: [{ number: 1, dueMs: 5, sentMs: 6, doneMs: 7 }] });
  tally.add({ kind: 'end', clients: { 0: { a: 1 } }, log: [{ number: 0, dueMs: 1, sentMs: 2, doneMs: 3 }] });
  return toResult(plan, tally.finish(2));
}

describe('the report of a load', () => {
  test('adds up what the processes tell', () => {
    const { total, rates, clients, log } = newResultForTest();
    expect(total).toMatchObject({ due: 4, sent: 4, inTime: 3, retries: 1, errors: { timeout: 1 } });
    expect(rates).toEqual({ asked: 2, sent: 2, answered: 1.5 });
    expect(clients).toEqual({ 0: { a: 2 } });
    expect(log.map(({ number }) => number)).toEqual([0, 1]);
  });

  test('says in words what was reached, and what went wrong', () => {
    const text = describeLoad(newResultForTest());
    expect(text).toContain('1.5 right answers/s');
    expect(text).toContain('1 × timeout');
    expect(text).toContain('1 requests were sent again');
    expect(text).toMatch(/a +2 +66\.7 %/);
  });

  test('has a line for each second in its CSV, and quotes what could break it', () => {
    const lines = renderCsv(newResultForTest()).trimEnd().split('\n');
    expect(lines[0]).toMatch(/answers of a|"answers of <b>, ""2"""/);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^1,2,2,1,1,0,5,/);
    expect(renderLog(newResultForTest().log)).toBe('number,due_ms,sent_ms,done_ms\n0,1,2,3\n1,5,6,7\n');
  });

  test('is a page that loads nothing and shows foreign text as text', () => {
    const page = renderLoadHtml(newResultForTest(), new Date(0));
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import|<b>/);
    expect(page).toContain('&lt;b&gt;');
    expect(page.match(/<svg/g)).toHaveLength(4);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('gives away no token', () => {
    expect(JSON.stringify(summarizeLoad(newResultForTest()))).not.toContain('secret');
  });
});
