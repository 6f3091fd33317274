import { commitProtocols } from '#protocols/commit/catalogue.js';
import type { CommitProtocol, Effect, Event, Step } from '#protocols/commit/messages.js';
import type { SagaState } from '#protocols/saga/saga.js';
import type { TwoPhaseCommitState } from '#protocols/two-phase-commit/two-phase-commit.js';

/** Protocol cores with a known bug each, as a thin wrapper around the right one. */

type Change = (step: Step<unknown>, event: Event) => Step<unknown>;

function changed(core: CommitProtocol<unknown>, change: Change): CommitProtocol<unknown> {
  return {
    initial: (branchCount) => core.initial(branchCount),
    step: (state, event) => change(core.step(state, event), event),
  };
}

function withEffects(core: CommitProtocol<unknown>, change: (effects: readonly Effect[]) => Effect[]) {
  return changed(core, ({ state, effects }) => ({ state, effects: change(effects) }));
}

const isRecord = (effect: Effect): boolean => effect.type === 'persist';

/** The decision is sent, and then logged. */
const sentBeforeLogged = (core: CommitProtocol<unknown>): CommitProtocol<unknown> =>
  withEffects(core, (effects) => [
    ...effects.filter((effect) => !isRecord(effect)),
    ...effects.filter((effect) => isRecord(effect)),
  ]);

/** The log is written when there is time for it. */
const nothingForced = (core: CommitProtocol<unknown>): CommitProtocol<unknown> =>
  withEffects(core, (effects) =>
    effects.map((effect) => (effect.type === 'persist' ? { ...effect, forced: false } : effect)),
  );

/** C1 … Cj instead of Cj … C1. */
const forwardCompensation = changed(commitProtocols.saga, (step) => {
  const { progress } = step.state as SagaState;
  if (progress.at !== 'cancelling') return step;
  const remaining = [...progress.remaining].sort((one, other) => one - other);
  const [branch = 0] = remaining;
  return {
    state: { ...(step.state as SagaState), progress: { ...progress, remaining } },
    effects: step.effects.map((effect) => (effect.type === 'send' ? { ...effect, branch } : effect)),
  };
});

/** Who does not vote has nothing against it. */
const silenceIsConsent: CommitProtocol<unknown> = {
  initial: (branchCount) => commitProtocols['2pc'].initial(branchCount),
  step: (state, event) => {
    const { phase, answered } = state as TwoPhaseCommitState;
    if (event.type !== 'timer' || event.timer !== 'timeout' || phase !== 'voting') {
      return commitProtocols['2pc'].step(state, event);
    }
    const silent = answered.flatMap((hasVoted, branch) => (hasVoted ? [] : [branch]));
    return silent.reduce<Step<unknown>>(
      (step, branch) => {
        const next = commitProtocols['2pc'].step(step.state, { type: 'done', branch, phase: 'prepare' });
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      },
      { state, effects: [] },
    );
  },
};

/** After a crash everything is aborted, whatever the log says. */
const alwaysPresumedAbort: CommitProtocol<unknown> = {
  initial: (branchCount) => commitProtocols['2pc'].initial(branchCount),
  step: (state, event) =>
    commitProtocols['2pc'].step(
      state,
      event.type === 'recover' ? { ...event, records: [{ kind: 'abort', code: 'crashed' }] } : event,
    ),
};

/** The decision is sent once: what is lost stays lost. */
const neverRepeated = (core: CommitProtocol<unknown>): CommitProtocol<unknown> =>
  withEffects(core, (effects) => effects.filter(({ type }) => type !== 'schedule'));

/** The abort of a missing vote is not forced, though recovery votes again. */
const lazyAbort = withEffects(commitProtocols['2pc'], (effects) =>
  effects.map((effect) =>
    effect.type === 'persist' && effect.record.kind === 'abort' ? { ...effect, forced: false } : effect,
  ),
);

export const brokenCores: readonly {
  readonly bug: string;
  readonly of: 'saga' | '2pc';
  readonly core: CommitProtocol<unknown>;
}[] = [
  {
    bug: 'a decision is sent before it is logged',
    of: '2pc',
    core: sentBeforeLogged(commitProtocols['2pc']),
  },
  { bug: 'a message is sent before its record', of: 'saga', core: sentBeforeLogged(commitProtocols.saga) },
  { bug: 'the decision is not forced', of: '2pc', core: nothingForced(commitProtocols['2pc']) },
  { bug: 'the turn back is not forced', of: 'saga', core: nothingForced(commitProtocols.saga) },
  { bug: 'the abort of a missing vote is not forced', of: '2pc', core: lazyAbort },
  { bug: 'compensation runs in forward order', of: 'saga', core: forwardCompensation },
  { bug: 'a lost vote counts as a yes', of: '2pc', core: silenceIsConsent },
  { bug: 'recovery aborts what is committed', of: '2pc', core: alwaysPresumedAbort },
  { bug: 'lost messages are not repeated', of: '2pc', core: neverRepeated(commitProtocols['2pc']) },
  { bug: 'lost messages are not repeated', of: 'saga', core: neverRepeated(commitProtocols.saga) },
  { bug: 'there is no protocol', of: 'saga', core: commitProtocols.none },
];
