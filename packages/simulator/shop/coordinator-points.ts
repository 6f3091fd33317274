import type { CoordinatorPoint } from '#protocols/commit/failpoints.js';
import { phases, type LogRecord, type Phase } from '#protocols/commit/messages.js';
import { pointIndex } from '../kernel/coverage.js';

const point = (name: CoordinatorPoint): number => pointIndex(name);

const logged = (step: 'begin' | 'pre-commit' | 'decision' | 'diverged' | 'end' | 'takeover') => ({
  before: point(`coordinator.${step}.before-log`),
  after: point(`coordinator.${step}.after-log`),
});

/** The numbers of the coordinator's failpoints. */
export const executePoints = {
  afterReceive: point('coordinator.execute.after-receive'),
  beforeReply: point('coordinator.execute.before-reply'),
};

export const takeoverPoints = logged('takeover');

export const logPoints: Readonly<Record<LogRecord['kind'], { before: number; after: number }>> = {
  begin: logged('begin'),
  'pre-commit': logged('pre-commit'),
  commit: logged('decision'),
  abort: logged('decision'),
  diverged: logged('diverged'),
  end: logged('end'),
};

export const messagePoints = Object.fromEntries(
  phases.map((phase) => [
    phase,
    {
      beforeSend: point(`coordinator.${phase}.before-send`),
      afterReceive: point(`coordinator.${phase}.after-receive`),
    },
  ]),
) as Readonly<Record<Phase, { beforeSend: number; afterReceive: number }>>;
