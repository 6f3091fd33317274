import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import { PreparedTransactions } from '#platform/participant/prepared-transactions.js';
import { ThreePhaseBranches } from '#platform/participant/three-phase-branches.js';
import { FencedBranch, ThreePhaseBranch, type ExpectedBranch, type Step } from './branch-expectations.js';
import { newBranch, type BranchFixture } from './branch-fixtures.js';
import { ask, newParticipantForTest } from './participant-for-test.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

/** Every branch answers every sequence of messages as it is expected to, and has the expected effects. */

interface Protocol {
  readonly steps: readonly Step[];
  readonly length: number;
  readonly expected: new (refusal: string | undefined, isOrder: boolean) => ExpectedBranch;
}

const first = (...phases: Step['phase'][]): Step[] => phases.map((phase) => ({ phase, attempt: 1 }));

const protocols: Readonly<Record<string, Protocol>> = {
  saga: { steps: first('apply', 'cancel'), length: 4, expected: FencedBranch },
  tcc: { steps: first('try', 'confirm', 'cancel'), length: 4, expected: FencedBranch },
  '2pc': {
    steps: [...first('prepare', 'commit', 'abort'), { phase: 'prepare', attempt: 2 }],
    length: 3,
    expected: FencedBranch,
  },
  '3pc': {
    steps: [
      ...first('pre-commit', 'do-commit', 'abort', 'silence'),
      { phase: 'can-commit', attempt: 1 },
      { phase: 'can-commit', attempt: 2 },
    ],
    length: 3,
    expected: ThreePhaseBranch,
  },
};

function sequencesOf(steps: readonly Step[], length: number): Step[][] {
  if (length === 0) return [[]];
  const shorter = sequencesOf(steps, length - 1);
  const longest = shorter.filter((sequence) => sequence.length === length - 1);
  return [...shorter, ...longest.flatMap((sequence) => steps.map((step) => [...sequence, step]))];
}

/** So many run at once: each may leave one transaction prepared until it ends. */
const batch = 32;

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

  const play = async (branch: BranchFixture, step: Step): Promise<string> => {
    if (step.phase !== 'silence')
      return ask(participant, { ...branch, phase: step.phase, attempt: step.attempt });
    const alone = new ThreePhaseBranches(database, new PreparedTransactions(database));
    const key = { gid: branch.gid, branch: 0 };
    return (await alone.decideAlone(key, participant.handler(branch.action))) ?? 'silent';
  };

  const everyCase = Object.keys(protocols).flatMap((protocol) => cases.map((one) => ({ protocol, ...one })));
  it.each(everyCase)(
    'of $protocol: $action, where it refuses with $refusal',
    async ({ protocol, action, refusal }) => {
      const { steps, length, expected: Expected } = protocols[protocol] as Protocol;
      const sequences = sequencesOf(steps, length);
      const run = async (sequence: readonly Step[]): Promise<void> => {
        const expected = new Expected(refusal, action === 'confirmOrder');
        const branch = await newBranch[action](database, refusal !== undefined);
        const [answers, right]: [string[], string[]] = [[], []];
        for (const step of sequence) {
          answers.push(await play(branch, step));
          right.push(expected.answer(step));
        }
        const [effects, reserved] = [await branch.effects(), await branch.reserved()];
        // What is left prepared would hold its locks.
        for (const phase of ['abort', 'commit', 'do-commit'] as const)
          await ask(participant, { ...branch, phase });
        expect({ sequence, answers, effects, reserved }).toEqual({
          sequence,
          answers: right,
          effects: expected.effects,
          reserved: expected.reserved,
        });
      };
      for (let done = 0; done < sequences.length; done += batch)
        await Promise.all(sequences.slice(done, done + batch).map(run));
    },
  );
});
