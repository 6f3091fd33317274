import { reductionsOfSchedule, runSchedule, type ScheduleName } from './schedule.js';
import { rightParts, type ShopParts } from './shop/shop-parts.js';

/** Leaves out of a failing schedule, one after the other, whatever it breaks the same law without. */
export function shrink(name: ScheduleName, parts: ShopParts = rightParts): ScheduleName {
  const law = runSchedule(name, { parts }).violation?.law;
  if (law === undefined) return name;
  return reductionsOfSchedule(name).reduce<ScheduleName>((smallest, reduction) => {
    const smaller = { ...smallest, without: [...smallest.without, reduction] };
    return runSchedule(smaller, { parts }).violation?.law === law ? smaller : smallest;
  }, name);
}
