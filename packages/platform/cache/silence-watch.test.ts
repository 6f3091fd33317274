import { describe, expect, it } from '@jest/globals';
import { Silence, SilenceWatch } from './silence-watch.js';

describe('a watch for silence', () => {
  const busyFor = (ms: number): void => {
    const endsAt = performance.now() + ms;
    while (performance.now() < endsAt);
  };

  it('passes on what is answered', async () => {
    const watch = new SilenceWatch();
    expect(await watch.guard(Promise.resolve('pong'))).toBe('pong');
    await expect(watch.guard(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends all waiting when there is no answer to any', async () => {
    const watch = new SilenceWatch();
    const never = new Promise<string>(() => undefined);
    // The watch's own timer keeps no process alive, so the test has to.
    const alive = setInterval(() => undefined, 1_000);
    const ends = await Promise.allSettled([watch.guard(never), watch.guard(never)]);
    clearInterval(alive);
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: new Silence() });
  });

  it('does not take its own slowness for silence', async () => {
    const watch = new SilenceWatch();
    const answer = watch.guard(new Promise<string>((resolve) => setTimeout(() => resolve('pong'), 20)));
    busyFor(1_000);
    expect(await answer).toBe('pong');
  });
});
