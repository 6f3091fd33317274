import { randomBytes } from 'node:crypto';
import { markLength, type Mark } from './mark.js';

/**
 * What holds for a whole cache in one Redis. It is made anew by the first who finds it missing, so that it tells a Redis
 * that has lost its memory, and with it what it was told of writes.
 */
export interface Space {
  /** Random; another one after Redis has forgotten everything. */
  readonly incarnation: string;
  /** What is below it may be older than a write that this Redis does not know of. */
  readonly floor: Mark;
}

const incarnationDigits = 16;
const pattern = new RegExp(`^[0-9a-f]{${incarnationDigits + markLength}}$`);

export function newIncarnation(): string {
  return randomBytes(incarnationDigits / 2).toString('hex');
}

/** Undefined when it is missing, or somebody has overwritten it. */
export function parseSpace(text: string | null | undefined): Space | undefined {
  if (text === null || text === undefined || !pattern.test(text)) return undefined;
  return { incarnation: text.slice(0, incarnationDigits), floor: text.slice(incarnationDigits) };
}
