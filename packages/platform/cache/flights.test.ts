import { describe, expect, it } from '@jest/globals';
import { Flights } from './flights.js';

describe('loads under way', () => {
  const pending = (): {
    promise: Promise<string>;
    resolve: (value: string) => void;
    reject: (e: Error) => void;
  } => {
    let resolve: (value: string) => void = () => undefined;
    let reject: (error: Error) => void = () => undefined;
    const promise = new Promise<string>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise, resolve, reject };
  };

  it('can be joined until they end', async () => {
    const flights = new Flights<string>();
    const load = pending();
    const flight = flights.start('a', () => load.promise);
    expect(flights.get('a')).toBe(flight);
    expect(flights.get('b')).toBeUndefined();
    load.resolve('value');
    expect(await flight).toBe('value');
    expect(flights.get('a')).toBeUndefined();
  });

  it('are not joined after they have failed', async () => {
    const flights = new Flights<string>();
    const load = pending();
    const flight = flights.start('a', () => load.promise);
    load.reject(new Error('no'));
    await expect(flight).rejects.toThrow('no');
    expect(flights.get('a')).toBeUndefined();
  });

  it('are not joined after a write, and their end does not disturb those that began after it', async () => {
    const flights = new Flights<string>();
    const [before, after] = [pending(), pending()];
    const first = flights.start('a', () => before.promise);
    flights.forget(['a', 'other']);
    expect(flights.get('a')).toBeUndefined();
    const second = flights.start('a', () => after.promise);
    before.resolve('old');
    expect(await first).toBe('old');
    expect(flights.get('a')).toBe(second);
    after.resolve('new');
    expect(await second).toBe('new');
  });
});
