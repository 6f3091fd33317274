/** A step of the new weight towards the one that the load asks for: a fifth, so that copies do not swing against each other. */
const step = 0.2;
/** Nobody falls below a tenth of its share, or it would have nothing to show that it could do more. */
const leastFactor = 0.1;
/** Loads below this are noise. */
const idleLoad = 0.05;

/**
 * What a copy's weight is multiplied with, given the load that it and the others of its service tell of: who is busier than the average
 * gets less. It is an integrating controller: the factor moves on until the loads are equal, by the share that is missing.
 *
 * @param factor the one in force, from 0.1 to 1
 * @param load of this copy, 0 to 1 of a core
 * @param meanLoad of all copies of the service
 */
export function adaptedFactor(factor: number, load: number, meanLoad: number): number {
  const ratio = Math.max(idleLoad, meanLoad) / Math.max(idleLoad, load);
  const wanted = factor * ratio;
  return Math.min(1, Math.max(leastFactor, factor + (wanted - factor) * step));
}
