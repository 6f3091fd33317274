import { describe, expect, it } from '@jest/globals';
import { calmMs, leastUnderWay, Pressure, underPressure } from './pressure.js';

const most = 72;
const calm = { underWay: 3, limit: most, most };
const late = { underWay: 60, limit: most - 1, most };
const full = { underWay: underPressure(most), limit: most, most };

describe('pressure', () => {
  it('is not what a burst makes: much is under way, and the limit has not shrunk', () => {
    const pressure = new Pressure();
    for (let at = 0; at < 10_000; at += 50) pressure.note([calm, { ...full, underWay: most }], at);
    expect(pressure.isThere).toBe(false);
  });

  it('begins when a limit of either kind has shrunk', () => {
    const pressure = new Pressure();
    pressure.note([calm, late], 0);
    expect(pressure.isThere).toBe(true);
  });

  it('lasts while the door that is nearly closed is full, though all is in time again', () => {
    const pressure = new Pressure();
    pressure.note([calm, late], 0);
    for (let at = 50; at < 60_000; at += 50) pressure.note([calm, full], at);
    expect(pressure.isThere).toBe(true);
  });

  it('ends when it was calm for a while, and not before', () => {
    const pressure = new Pressure();
    pressure.note([late, calm], 0);
    for (let at = 50; at < calmMs; at += 50) pressure.note([calm, calm], at);
    expect(pressure.isThere).toBe(true);
    pressure.note([calm, calm], calmMs);
    expect(pressure.isThere).toBe(false);
  });

  it('leaves a copy something, however little it takes on', () => {
    expect([72, 24, 2, 1].map(underPressure)).toEqual([12, 4, 1, 1]);
  });

  it('has the front door refuse, and not the copies, also where one gets half as much again as the other', () => {
    for (const most of [12, 72, 96, 500])
      expect(leastUnderWay(most)).toBeGreaterThan(1.4 * underPressure(most));
    expect([2, 1].map(leastUnderWay)).toEqual([1, 1]);
  });
});
