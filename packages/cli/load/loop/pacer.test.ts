import { afterEach, expect, test } from '@jest/globals';
import { Pacer } from './pacer.js';

const pacers: Pacer[] = [];
const newPacer = (): Pacer => {
  const pacer = new Pacer(performance.now());
  pacers.push(pacer);
  return pacer;
};
afterEach(() => pacers.forEach((pacer) => pacer.stop()));

const wokenAt = (pacer: Pacer, timeMs: number): Promise<number> =>
  new Promise((resolve) => pacer.wakeAt(timeMs, () => resolve(pacer.now())));

test.each([0, 0.05, 0.7, 1.3, 2.5, 20.4])('a pacer wakes never before its time: %s ms', async (leftMs) => {
  const pacer = newPacer();
  const timeMs = pacer.now() + leftMs;
  expect(await wokenAt(pacer, timeMs)).toBeGreaterThanOrEqual(timeMs);
});

test.each([0.5, 5])(
  'a pacer wakes once, at what it was told last, and not at all when it was stopped: %s ms',
  async (leftMs) => {
    const [pacer, other] = [newPacer(), newPacer()];
    let woken = 0;
    pacer.wakeAt(pacer.now() + leftMs, () => (woken += 1));
    await wokenAt(pacer, pacer.now() + 2 * leftMs);
    pacer.wakeAt(pacer.now() + leftMs, () => (woken += 1));
    pacer.stop();
    await wokenAt(other, other.now() + 4 * leftMs);
    expect(woken).toBe(0);
  },
);
