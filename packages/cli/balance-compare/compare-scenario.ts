/** What the back ends of a comparison are like, and what happens to them while the load runs. */
export interface CompareScenario {
  readonly title: string;
  /** What a strategy has to cope with, in a sentence or two that can be read out. */
  readonly question: string;
  readonly backEnds: readonly BackEndSpec[];
  /** The share of requests that come from one client. */
  readonly hotClientShare?: number;
  readonly event?: 'kill-last' | 'restart-each';
}

export interface BackEndSpec {
  /** Requests that it works on at a time. */
  readonly slots: number;
  /** It takes so many times as long as the others for the same request. */
  readonly slowness: number;
  /** What the strategies are told; 100 is a full share. */
  readonly weight: number;
}

const ordinary: BackEndSpec = { slots: 4, slowness: 1, weight: 100 };
const four = [ordinary, ordinary, ordinary, ordinary];

export const compareScenarios = {
  even: {
    title: 'Four equal back ends',
    question: 'Nothing is wrong. What does a strategy cost when there is nothing to be clever about?',
    backEnds: four,
  },
  'one-slow': {
    title: 'One of four is three times as slow',
    question:
      'The slow one answers rightly, so nobody takes it out. A strategy that does not look at it gives it a quarter of all requests, which is more than it can do.',
    backEnds: [ordinary, ordinary, ordinary, { ...ordinary, slowness: 3 }],
  },
  'one-dead': {
    title: 'One of four dies after a third of the run',
    question:
      'It is killed and stays dead, and nobody tells the strategy. Who notices, and what do clients see?',
    backEnds: four,
    event: 'kill-last',
  },
  'uneven-weights': {
    title: 'A big one, two of ordinary size, a small one',
    question: 'The weights say how big they are. Who listens, and who finds out without being told?',
    backEnds: [
      { slots: 8, slowness: 1, weight: 200 },
      ordinary,
      ordinary,
      { slots: 2, slowness: 1, weight: 50 },
    ],
  },
  'hot-client': {
    title: 'Half of all requests come from one client',
    question: 'Whoever keeps a client on one back end keeps a big client there, too.',
    backEnds: four,
    hotClientShare: 0.5,
  },
  'rolling-restart': {
    title: 'All four are restarted, one after the other',
    question: 'Each is taken out, told to stop, started again and put back. Does anybody notice?',
    backEnds: four,
    event: 'restart-each',
  },
} as const satisfies Record<string, CompareScenario>;

export type CompareScenarioName = keyof typeof compareScenarios;
export const compareScenarioNames = Object.keys(compareScenarios) as CompareScenarioName[];

/** Most requests are short and one of ten is long, as in most shops: so even equal back ends are never equally busy. */
export const shortWorkMs = 8;
export const longWorkMs = 60;
export const longWorkShare = 0.1;
/** Requests that wait in a back end; more are refused with 503. */
export const mostWaiting = 32;
