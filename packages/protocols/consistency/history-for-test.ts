import { HistoryChecker, type Read } from './history-checker.js';
import type { Version } from './session-past.js';

export type Operation =
  | ({ readonly kind: 'read' } & Read)
  | {
      readonly kind: 'write';
      readonly session: string;
      readonly versions: readonly Version[];
      readonly startedAt: number;
      readonly endedAt: number;
      readonly outcome?: 'refused' | 'unknown';
    }
  | { readonly kind: 'hand-over'; readonly from: string; readonly to: string; readonly at: number };

/** Judges a history that is there as a whole, in whatever order it was written down. */
export function judge(operations: readonly Operation[]): HistoryChecker {
  const checker = new HistoryChecker();
  const steps = operations.flatMap((operation) => stepsOf(checker, operation));
  for (const { act } of steps.sort((one, other) => one.at - other.at)) act();
  return checker;
}

interface Step {
  readonly at: number;
  readonly act: () => void;
}

function stepsOf(checker: HistoryChecker, operation: Operation): Step[] {
  switch (operation.kind) {
    case 'read':
      return [{ at: operation.endedAt, act: () => void checker.read(operation) }];
    case 'hand-over':
      return [{ at: operation.at, act: () => checker.handOver(operation.from, operation.to) }];
    case 'write': {
      const begin = { at: operation.startedAt, act: () => checker.begin(operation) };
      if (operation.outcome === 'unknown') return [begin];
      const end =
        operation.outcome === 'refused'
          ? () => checker.refuse(operation)
          : () => checker.acknowledge(operation, operation.endedAt);
      return [begin, { at: operation.endedAt, act: end }];
    }
  }
}

type Times = readonly [startedAt: number, endedAt: number];

/** `session` reads `version` of `key`. */
export function read(session: string, key: string, version: number, [startedAt, endedAt]: Times): Operation {
  return { kind: 'read', session, key, version, startedAt, endedAt, server: 'replica' };
}

/** `session` writes a version of each of `keys`. */
export function write(
  session: string,
  keys: string,
  version: number,
  [startedAt, endedAt]: Times,
): Operation {
  const versions = [...keys].map((key) => ({ key, version }));
  return { kind: 'write', session, versions, startedAt, endedAt };
}
