/** How the rate of an open loop goes over the time of a run; rates in requests per second. */
export type RateShape =
  | { readonly kind: 'constant'; readonly rate: number }
  /** Evenly from one rate to the other. */
  | { readonly kind: 'ramp'; readonly rate: number; readonly peak: number }
  /** From one rate to the other in equal steps of equal length, both ends included. */
  | { readonly kind: 'steps'; readonly rate: number; readonly peak: number; readonly steps: number }
  /** At its peak for the middle fifth of the run. */
  | { readonly kind: 'spike'; readonly rate: number; readonly peak: number }
  /** Up and down like a sine, starting at the lower rate. */
  | { readonly kind: 'wave'; readonly rate: number; readonly peak: number; readonly periodMs: number };

export const rateShapeKinds = ['constant', 'ramp', 'steps', 'spike', 'wave'] as const;
export type RateShapeKind = (typeof rateShapeKinds)[number];

/** A stretch of time in which the rate goes along a straight line. */
export interface RateSegment {
  readonly lengthMs: number;
  readonly from: number;
  readonly to: number;
}

/** A period of a wave in so many straight lines differs from the sine by less than 0.3 % of its height. */
const linesInPeriod = 40;

/** Every shape is a row of straight lines, so that the time of each request has a closed form. */
export function segmentsOf(shape: RateShape, durationMs: number): RateSegment[] {
  switch (shape.kind) {
    case 'constant':
      return [flat(durationMs, shape.rate)];
    case 'ramp':
      return [{ lengthMs: durationMs, from: shape.rate, to: shape.peak }];
    case 'steps':
      return Array.from({ length: shape.steps }, (_, step) =>
        flat(
          durationMs / shape.steps,
          shape.rate + ((shape.peak - shape.rate) * step) / Math.max(1, shape.steps - 1),
        ),
      );
    case 'spike':
      return [
        flat(durationMs * 0.4, shape.rate),
        flat(durationMs * 0.2, shape.peak),
        flat(durationMs * 0.4, shape.rate),
      ];
    case 'wave':
      return wave(shape.rate, shape.peak, shape.periodMs, durationMs);
  }
}

export function highestRate(shape: RateShape): number {
  return shape.kind === 'constant' ? shape.rate : Math.max(shape.rate, shape.peak);
}

function flat(lengthMs: number, rate: number): RateSegment {
  return { lengthMs, from: rate, to: rate };
}

function wave(low: number, high: number, periodMs: number, durationMs: number): RateSegment[] {
  const rateAt = (timeMs: number): number =>
    low + ((high - low) * (1 - Math.cos((2 * Math.PI * timeMs) / periodMs))) / 2;
  const lineMs = periodMs / linesInPeriod;
  const lines = Math.ceil(durationMs / lineMs);
  return Array.from({ length: lines }, (_, index) => {
    const [start, end] = [index * lineMs, Math.min((index + 1) * lineMs, durationMs)];
    return { lengthMs: end - start, from: rateAt(start), to: rateAt(end) };
  });
}
