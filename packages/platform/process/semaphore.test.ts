import { describe, expect, it } from '@jest/globals';
import { Semaphore } from './semaphore.js';

describe('a semaphore', () => {
  /** Work that goes on until it is told to end. */
  function newWork(): {
    started: string[];
    run: (name: string) => Promise<void>;
    end: (name: string) => void;
  } {
    const started: string[] = [];
    const ends = new Map<string, () => void>();
    return {
      started,
      run: (name) => {
        started.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      },
      end: (name) => ends.get(name)?.(),
    };
  }

  it('lets so many in and the others wait in the order in which they came', async () => {
    const semaphore = new Semaphore(2);
    const { started, run, end } = newWork();
    const all = ['a', 'b', 'c', 'd'].map((name) => semaphore.use(() => run(name)));
    expect(started).toEqual(['a', 'b']);
    end('b');
    await all[1];
    expect(started).toEqual(['a', 'b', 'c']);
    end('a');
    await all[0];
    expect(started).toEqual(['a', 'b', 'c', 'd']);
    end('c');
    end('d');
    await Promise.all(all);
  });

  it('gives its place back after work that fails', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.use(() => Promise.reject(new Error('no')));
    const next = semaphore.use(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('done');
    expect(await semaphore.use(() => Promise.resolve('again'))).toBe('again');
  });

  it('is never overbooked when somebody comes as somebody leaves', async () => {
    const semaphore = new Semaphore(1);
    let inside = 0;
    let most = 0;
    const visit = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await Promise.resolve();
      inside -= 1;
    };
    const come = (again: number): Promise<void> =>
      semaphore.use(visit).then(() => (again === 0 ? undefined : come(again - 1)));
    await Promise.all(Array.from({ length: 5 }, () => come(20)));
    expect(most).toBe(1);
  });
});
