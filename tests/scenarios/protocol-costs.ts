import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { Effect, Event, Phase } from '#protocols/commit/messages.js';

/** What one transaction costs when nothing is lost; counted by running the core. */
export interface ProtocolCosts {
  /** Requests to participants and their answers. */
  readonly messages: number;
  /** Round trips of which each waits for the one before. */
  readonly roundTrips: number;
  /** Records that the coordinator waits for. */
  readonly coordinatorWrites: number;
  /** Each message makes a participant change something durable, which it does before it answers. */
  readonly participantWrites: number;
}

type Send = Extract<Effect, { type: 'send' }>;

/** More round trips than any protocol needs. */
const mostRoundTrips = 100;

/** @param refuser the branch that votes no, or refuses its step; undefined when all agree. */
export function countCosts(name: CommitProtocolName, branchCount: number, refuser?: number): ProtocolCosts {
  const core = commitProtocols[name];
  let state = core.initial(branchCount);
  let requests = 0;
  let coordinatorWrites = 0;
  let hasReplied = false;
  const asksForTheWork: readonly Phase[] = ['apply', 'try', 'prepare', 'can-commit'];
  const answerTo = ({ branch, phase }: Send): Event =>
    branch === refuser && asksForTheWork.includes(phase)
      ? { type: 'refused', branch, phase, code: 'insufficient-funds' }
      : { type: 'done', branch, phase };
  const step = (event: Event): Send[] => {
    const { state: next, effects } = core.step(state, event);
    state = next;
    coordinatorWrites += effects.filter((effect) => effect.type === 'persist' && effect.forced).length;
    hasReplied ||= effects.some(({ type }) => type === 'reply');
    return effects.filter((effect) => effect.type === 'send');
  };
  let roundTrips = 0;
  for (let sent = step({ type: 'begin' }); sent.length > 0; sent = sent.map(answerTo).flatMap(step)) {
    requests += sent.length;
    roundTrips += 1;
    if (roundTrips > mostRoundTrips) throw new Error(`${name} does not come to an end`);
  }
  if (!hasReplied) throw new Error(`${name} ended without a reply`);
  return { messages: 2 * requests, roundTrips, coordinatorWrites, participantWrites: requests };
}
