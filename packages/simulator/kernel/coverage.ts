import { failpoints, type Failpoint } from '#protocols/commit/failpoints.js';

const indexOf = new Map<string, number>(failpoints.map((point, index) => [point, index]));

/** Failpoints as numbers, since they are passed some hundred times in each schedule. */
export function pointIndex(point: Failpoint): number {
  const index = indexOf.get(point);
  if (index === undefined) throw new Error(`There is no failpoint ${point}`);
  return index;
}

export function actingPoint(index: number): Failpoint {
  const point = failpoints[index];
  if (point === undefined) throw new Error(`There is no failpoint of number ${index}`);
  return point;
}

/** Which failpoints were passed, and at which a fault has acted how often. */
export class Coverage {
  readonly reached = new Uint8Array(failpoints.length);
  readonly hits = new Uint32Array(failpoints.length);
}
