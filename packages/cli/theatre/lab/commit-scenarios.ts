import type { CommitProtocolName } from '#protocols/commit/catalogue.js';

/** One order under one set of faults. */
export interface Act {
  readonly title: string;
  readonly protocol: CommitProtocolName;
  /** As on the command line; those with #1+ act until `faultTtlMs` is over. */
  readonly faults: readonly string[];
  readonly faultTtlMs: number;
}

/** A weakness of two-phase commit, and what other protocols make of the same misfortune. */
export interface Scenario {
  readonly name: string;
  readonly weakness: string;
  /** Another customer orders the same product so long after the first; nobody when left out. */
  readonly rivalAfterMs?: number;
  readonly acts: readonly Act[];
}

/** Acts for all, since a takeover is nobody's request: the standby cannot become active. */
const noSuccessor = 'coordinator.takeover.before-log=error#1+';

export const commitScenarios: readonly Scenario[] = [
  {
    name: 'participants-block',
    weakness:
      'Everybody has voted, and the coordinator falls silent towards this order. A participant of 2PC can decide ' +
      'nothing by itself: it keeps its locks, and whoever needs the same rows waits.',
    // Late enough for 3PC to let go while the rival's own vote is still waited for.
    rivalAfterMs: 1_200,
    acts: [
      {
        title: '2PC: blocked for as long as the coordinator is silent',
        protocol: '2pc',
        faults: ['coordinator.decision.before-log=delay:6000'],
        faultTtlMs: 6_000,
      },
      {
        title: '3PC: after pre-commit the participants go on by themselves',
        protocol: '3pc',
        faults: ['coordinator.do-commit.before-send=drop-request#1+'],
        faultTtlMs: 6_000,
      },
      {
        title: 'TCC: what is reserved is kept, but nothing is locked',
        protocol: 'tcc',
        faults: ['coordinator.decision.before-log=delay:6000'],
        faultTtlMs: 6_000,
      },
    ],
  },
  {
    name: 'coordinator-single-point-of-failure',
    weakness:
      'The only coordinator falls out after it has decided and before it has told anybody. Nobody else knows the ' +
      'decision: until a coordinator is back, the order has no outcome and its branches keep their locks.',
    acts: [
      {
        title: '2PC: the coordinator is gone for 5 s, and there is no other',
        protocol: '2pc',
        faults: ['coordinator.decision.after-log=pause:5000', noSuccessor],
        faultTtlMs: 6_000,
      },
      {
        title: '2PC with a standby that takes over',
        protocol: '2pc',
        faults: ['coordinator.decision.after-log=crash'],
        faultTtlMs: 5_000,
      },
      {
        title: '3PC: the coordinator is gone, and the participants know enough',
        protocol: '3pc',
        faults: ['coordinator.do-commit.before-send=pause:5000', noSuccessor],
        faultTtlMs: 6_000,
      },
      {
        title: 'Saga: the coordinator is gone, and every step is final by itself',
        protocol: 'saga',
        faults: ['coordinator.apply.after-receive=pause:5000#3', noSuccessor],
        faultTtlMs: 6_000,
      },
    ],
  },
  {
    name: 'partial-commit-messages',
    weakness:
      'The decision reaches some and not others: the order is confirmed and paid for, and the product stays locked ' +
      'for as long as the message to inventory is lost.',
    rivalAfterMs: 1_200,
    acts: [
      {
        title: '2PC: the branch without its commit message waits for a repetition that arrives',
        protocol: '2pc',
        faults: ['inventory.commit.after-receive=drop-request#1+'],
        faultTtlMs: 5_000,
      },
      {
        title: '3PC: the branch without its message commits by itself',
        protocol: '3pc',
        faults: ['inventory.do-commit.after-receive=drop-request#1+'],
        faultTtlMs: 5_000,
      },
      {
        title: 'TCC: the confirmation is late as well, but others can buy the rest of the stock',
        protocol: 'tcc',
        faults: ['inventory.confirm.after-receive=drop-request#1+'],
        faultTtlMs: 5_000,
      },
    ],
  },
  {
    name: 'over-cautious-abort',
    weakness:
      'A vote is on its way and lost. Whoever counts votes must take a missing one for a no: an order that everybody ' +
      'could have fulfilled is refused.',
    acts: [
      {
        title: '2PC: no vote in 3 s is a no',
        protocol: '2pc',
        faults: ['inventory.prepare.before-reply=drop-reply#1+'],
        faultTtlMs: 4_500,
      },
      {
        title: 'Saga: a missing answer is asked for again, since the step can be repeated',
        protocol: 'saga',
        faults: ['inventory.apply.before-reply=drop-reply#1+'],
        faultTtlMs: 4_500,
      },
    ],
  },
];
