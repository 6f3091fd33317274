import type { LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { BranchModel, BranchState } from './branch-model.js';

/** What must hold of a protocol's branches after every event. */
export type SafetyRule = (branches: readonly BranchModel[]) => string | undefined;

const finished = (states: readonly BranchState[]): boolean =>
  states.every((state) => state === 'applied') ||
  states.every((state) => state === 'refused' || state === 'cancelled');

/** The fence: repeated messages have one effect, and what is undone was done. */
export const oneEffect: SafetyRule = (branches) => {
  const wrong = branches.findIndex(
    ({ state, effects }) => effects !== (state === 'applied' || state === 'prepared' ? 1 : 0),
  );
  return wrong < 0
    ? undefined
    : `branch ${wrong} is ${branches[wrong]?.state} with ${branches[wrong]?.effects} effects`;
};

/** Atomic commitment (Gray 1978, section 5.8.3.3): no branch is committed while another has ended undone. */
export const allOrNothing: SafetyRule = (branches) => {
  const states = branches.map(({ state }) => state);
  const mixed = states.includes('applied') && (states.includes('cancelled') || states.includes('refused'));
  return mixed ? `some branches are committed and others are not: ${states.join(', ')}` : undefined;
};

/** A saga is T1 … Tn or T1 … Tj, Cj … C1 (Garcia-Molina and Salem 1987, section 1): what is applied is a prefix. */
export const appliedPrefix: SafetyRule = (branches) => {
  const states = branches.map(({ state }) => state);
  const gap = states.findIndex((state) => state !== 'applied');
  const isPrefix = gap < 0 || !states.includes('applied', gap);
  return isPrefix
    ? undefined
    : `a step is applied though one before it is not or no longer: ${states.join(', ')}`;
};

/** What was told to the caller is how the branches have ended, and stays so. */
export function contradiction(
  outcome: Outcome | undefined,
  branches: readonly BranchModel[],
): string | undefined {
  if (outcome === undefined) return undefined;
  const states = branches.map(({ state }) => state);
  const agrees = finished(states) && states.includes('applied') === (outcome.outcome === 'committed');
  return agrees ? undefined : `the reply was ${outcome.outcome}, but the branches are ${states.join(', ')}`;
}

/** All branches have ended, and all the same way. */
export function disagreement(branches: readonly BranchModel[]): string | undefined {
  const states = branches.map(({ state }) => state);
  return finished(states) ? undefined : `the branches have ended as ${states.join(', ')}`;
}

/** The record that must be on disk before a message is sent, since the message acts upon it. */
export const recordBefore: Readonly<Record<Phase, LogRecord['kind'] | undefined>> = {
  apply: 'begin',
  cancel: 'abort',
  prepare: undefined,
  commit: 'commit',
  // Presumed abort: a branch that refused will refuse again, with or without a record.
  abort: undefined,
};
