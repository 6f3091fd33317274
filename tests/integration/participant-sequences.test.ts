import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import type { Phase } from '#protocols/commit/messages.js';
import { BranchModel } from '#simulator/branch-model.js';
import { newBranch } from './branch-fixtures.js';
import { ask, newParticipantForTest } from './participant-for-test.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

/**
 * Every branch answers every sequence of messages as the simulator's model of a participant does, and has the same
 * effects: what the simulation proves of the model then holds for PostgreSQL.
 */

interface Step {
  readonly phase: Phase;
  readonly attempt: number;
}

const sagaSteps: readonly Step[] = [
  { phase: 'apply', attempt: 1 },
  { phase: 'cancel', attempt: 1 },
];
const twoPhaseSteps: readonly Step[] = [
  { phase: 'prepare', attempt: 1 },
  { phase: 'prepare', attempt: 2 },
  { phase: 'commit', attempt: 1 },
  { phase: 'abort', attempt: 1 },
];

function sequencesOf(steps: readonly Step[], length: number): Step[][] {
  if (length === 0) return [[]];
  const shorter = sequencesOf(steps, length - 1);
  const longest = shorter.filter((sequence) => sequence.length === length - 1);
  return [...shorter, ...longest.flatMap((sequence) => steps.map((step) => [...sequence, step]))];
}

const sequences = [...sequencesOf(sagaSteps, 4), ...sequencesOf(twoPhaseSteps, 3)];

interface Outcome {
  readonly answers: string[];
  readonly effects: number;
}

/** Undefined: this sequence is not asked for. */
function expectedOf(
  sequence: readonly Step[],
  refusal: string | undefined,
  isOrder: boolean,
): Outcome | undefined {
  const model = new BranchModel(refusal);
  const answers: string[] = [];
  for (const { phase, attempt } of sequence) {
    // A first prepare waits for the locks of an earlier one until it gives up; that has a test of its own.
    if (phase === 'prepare' && attempt === 1 && model.state === 'prepared') return undefined;
    // A confirmed order is final: it is its saga's last branch, so that nothing after it can fail.
    if (isOrder && model.state === 'applied' && (phase === 'cancel' || phase === 'abort')) return undefined;
    const answer = model.handle(phase, attempt);
    answers.push(answer === undefined ? 'silent' : answer.type === 'done' ? 'done' : answer.code);
  }
  // A prepared transaction does not show.
  return { answers, effects: model.state === 'prepared' ? 0 : model.effects };
}

const cases = [
  { action: 'debitAccount', refusal: undefined },
  { action: 'debitAccount', refusal: 'insufficient-funds' },
  { action: 'reserveStock', refusal: undefined },
  { action: 'reserveStock', refusal: 'out-of-stock' },
  { action: 'confirmOrder', refusal: undefined },
] as const;

describe('a participant’s branch', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let participant: Participant;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
    participant = newParticipantForTest(database);
  });
  afterAll(() => postgres.remove());

  it.each(cases)(
    '$action behaves like its model, where it refuses with $refusal',
    async ({ action, refusal }) => {
      await Promise.all(
        sequences.map(async (sequence) => {
          const expected = expectedOf(sequence, refusal, action === 'confirmOrder');
          if (expected === undefined) return;
          const branch = await newBranch[action](database, refusal !== undefined);
          const answers: string[] = [];
          for (const step of sequence) answers.push(await ask(participant, { ...branch, ...step }));
          const actual = { answers, effects: await branch.effects() };
          // What is left prepared would hold its locks.
          await ask(participant, { ...branch, phase: 'abort' });
          expect({ sequence, ...actual }).toEqual({ sequence, ...expected });
        }),
      );
    },
  );
});
