import { commitProtocols } from '#protocols/commit/catalogue.js';
import type { CommitProtocol, Effect, Event, Step } from '#protocols/commit/messages.js';
import type { VotingState } from '#protocols/commit/vote-and-decide.js';
import type { SagaState } from '#protocols/saga/saga.js';
import type { ThreePhaseCommitState } from '#protocols/three-phase-commit/three-phase-commit.js';

/** Protocol cores with a known bug each, as a thin wrapper around the right one. */

type Core = CommitProtocol<unknown>;
type Before = (event: Event, state: unknown) => Event;
type After = (step: Step<unknown>, event: Event) => Step<unknown>;

function changed(core: Core, after: After, before: Before = (event) => event): Core {
  return {
    initial: (branchCount) => core.initial(branchCount),
    step: (state, event) => {
      const given = before(event, state);
      return after(core.step(state, given), given);
    },
  };
}

function withEffects(core: Core, change: (effects: readonly Effect[]) => Effect[]): Core {
  return changed(core, ({ state, effects }) => ({ state, effects: change(effects) }));
}

const isRecord = (effect: Effect): boolean => effect.type === 'persist';

/** What is decided is sent, and then logged. */
export const sentBeforeLogged = (core: Core): Core =>
  withEffects(core, (effects) => [
    ...effects.filter((effect) => !isRecord(effect) && effect.type !== 'forget'),
    ...effects.filter((effect) => isRecord(effect)),
    ...effects.filter((effect) => effect.type === 'forget'),
  ]);

/** The log is written when there is time for it. */
export const nothingForced = (core: Core): Core =>
  withEffects(core, (effects) =>
    effects.map((effect) => (effect.type === 'persist' ? { ...effect, forced: false } : effect)),
  );

/** The decision is sent once: what is lost stays lost. */
export const neverRepeated = (core: Core): Core =>
  withEffects(core, (effects) => effects.filter(({ type }) => type !== 'schedule'));

/** C1 … Cj instead of Cj … C1. */
export const forwardCompensation = changed(commitProtocols.saga, (step) => {
  const state = step.state as SagaState;
  const { progress } = state;
  if (progress.at !== 'cancelling') return step;
  const remaining = [...progress.remaining].sort((one, other) => one - other);
  const [branch = 0] = remaining;
  return {
    state: { ...state, progress: { ...progress, remaining } },
    effects: step.effects.map((effect) => (effect.type === 'send' ? { ...effect, branch } : effect)),
  };
});

/** The abort record is taken for the end: a coordinator that died while it compensated has nothing left to do. */
export const compensationLost: Core = {
  initial: (branchCount) => commitProtocols.saga.initial(branchCount),
  step: (state, event) => {
    const abort = event.type === 'recover' ? event.records.find(({ kind }) => kind === 'abort') : undefined;
    if (abort?.kind !== 'abort') return commitProtocols.saga.step(state, event);
    return {
      state,
      effects: [
        { type: 'persist', record: { kind: 'end' }, forced: false },
        { type: 'reply', outcome: { outcome: 'aborted', code: abort.code } },
        { type: 'forget' },
      ],
    };
  },
};

/** Who does not vote has nothing against it. */
export const silenceIsConsent = (core: Core, vote: 'prepare' | 'try' | 'can-commit'): Core => ({
  initial: (branchCount) => core.initial(branchCount),
  step: (state, event) => {
    const { phase, answered } = state as VotingState | ThreePhaseCommitState;
    if (event.type !== 'timer' || event.timer !== 'timeout' || phase !== 'voting')
      return core.step(state, event);
    const silent = answered.flatMap((hasVoted, branch) => (hasVoted ? [] : [branch]));
    return silent.reduce<Step<unknown>>(
      (step, branch) => {
        const next = core.step(step.state, { type: 'done', branch, phase: vote });
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      },
      { state, effects: [] },
    );
  },
});

/** After a crash everything is aborted, whatever the log says. */
export const alwaysPresumedAbort = changed(
  commitProtocols['2pc'],
  (step) => step,
  (event) => (event.type === 'recover' ? { ...event, records: [{ kind: 'abort', code: 'crashed' }] } : event),
);

/** A branch that does not know a transaction any more has aborted it, as has the whole transaction. */
export const unknownIsAborted: Core = {
  initial: (branchCount) => commitProtocols['2pc'].initial(branchCount),
  step: (state, event) => {
    if (event.type !== 'refused' || event.phase !== 'commit')
      return commitProtocols['2pc'].step(state, event);
    return {
      state,
      effects: [
        { type: 'persist', record: { kind: 'end' }, forced: false },
        { type: 'reply', outcome: { outcome: 'aborted', code: event.code } },
        { type: 'forget' },
      ],
    };
  },
};

/** The abort of a missing vote is not forced, though recovery votes again. */
export const lazyAbort = (core: Core): Core =>
  withEffects(core, (effects) =>
    effects.map((effect) =>
      effect.type === 'persist' && effect.record.kind === 'abort' ? { ...effect, forced: false } : effect,
    ),
  );

/** Nobody is told that a transaction has diverged. */
export const divergenceUnsaid = withEffects(commitProtocols['3pc'], (effects) =>
  effects.filter((effect) => effect.type !== 'persist' || effect.record.kind !== 'diverged'),
);
