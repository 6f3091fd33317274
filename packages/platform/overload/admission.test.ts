import { beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../metrics/metrics.js';
import { Admission } from './admission.js';
import { intervalMs } from './standing-delay.js';

describe('admission', () => {
  let sheds: boolean;
  let ordersArePressed: boolean;
  let nowMs: number;
  let metrics: Metrics;
  let admission: Admission;
  /** Ends the orders under way. */
  let end: () => void;
  let ended: Promise<void>;

  beforeEach(() => {
    sheds = true;
    ordersArePressed = false;
    nowMs = 0;
    metrics = new Metrics({ service: 'order', process: 'order-1' });
    ended = new Promise((resolve) => (end = resolve));
    admission = new Admission({
      config: { enabled: true, ordersUnderWay: 2, readsUnderWay: 16 },
      orderDeadlineMs: 2_000,
      settings: {
        get sheds() {
          return sheds;
        },
      },
      metrics,
      ordersArePressed: () => ordersArePressed,
      nowMs: () => nowMs,
    });
  });

  const order = (): Promise<string> => admission.order(() => ended.then(() => 'placed'));
  const read = (times: number): void => {
    for (let time = 0; time < times; time += 1) admission.enterRead();
  };
  const shed = async (): Promise<unknown> => (await metrics.requestsShed.get()).values;

  it('refuses an order beyond the limit before it is begun, and takes the next one when another has ended', async () => {
    const first = [order(), order()];
    let begun = false;
    const refused = admission.order(() => Promise.resolve((begun = true)));
    await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    expect(begun).toBe(false);
    expect(await shed()).toMatchObject([{ value: 1, labels: { kind: 'order', how: 'refused' } }]);
    end();
    expect(await Promise.all([...first])).toEqual(['placed', 'placed']);
    expect(await order()).toBe('placed');
  });

  it('gives the place of an order that failed to another', async () => {
    const fails = (): Promise<string> => admission.order(() => Promise.reject(new Error('no database')));
    for (let time = 0; time < 5; time += 1) await expect(fails()).rejects.toThrow('no database');
    end();
    expect(await order()).toBe('placed');
  });

  it('takes on less where orders are slow, and as much as before when they are fast again', async () => {
    admission = new Admission({
      config: { enabled: true, ordersUnderWay: 64, readsUnderWay: 16 },
      orderDeadlineMs: 2_000,
      settings: { sheds: true },
      metrics,
      nowMs: () => nowMs,
    });
    const place = async (tookMs: number): Promise<void> => {
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const all: Promise<void>[] = [];
      while (!admission.orders.isFull) all.push(admission.order(() => finished));
      nowMs += tookMs;
      finish();
      await Promise.all(all);
    };
    for (let round = 0; round < 20; round += 1) await place(1_000);
    expect(admission.orders.most).toBe(16);
    admission.noteDelay(0);
    expect(admission.isUnderPressure).toBe(true);
    for (let round = 0; round < 1_000; round += 1) await place(10);
    expect(admission.orders.most).toBe(64);
    admission.noteDelay(0);
    expect(admission.isUnderPressure).toBe(false);
  });

  it('refuses nothing while it is switched off, and knows what is under way when it is switched on', async () => {
    sheds = false;
    const all = [order(), order(), order()];
    read(100);
    expect([admission.reads.isFull, admission.isPressed]).toEqual([false, false]);
    sheds = true;
    await expect(order()).rejects.toMatchObject({ code: 'overloaded' });
    expect([admission.reads.isFull, admission.isPressed]).toEqual([true, true]);
    end();
    expect(await Promise.all(all)).toEqual(['placed', 'placed', 'placed']);
  });

  it('gives readers what is at hand when the event loop stays late and several wait', () => {
    read(9);
    admission.noteDelay(200);
    nowMs = intervalMs;
    expect(admission.isPressed).toBe(true);
    admission.noteDelay(0);
    expect(admission.isPressed).toBe(false);
  });

  it('takes a late event loop for somebody else’s doing when hardly anybody reads', () => {
    read(8);
    admission.noteDelay(200);
    nowMs = 10 * intervalMs;
    expect(admission.isPressed).toBe(false);
  });

  it('gives readers what is at hand, and refuses none of them, while those who take orders are under pressure', () => {
    ordersArePressed = true;
    expect([admission.isPressed, admission.refusesReads]).toEqual([true, false]);
    sheds = false;
    expect(admission.isPressed).toBe(false);
  });
});
