import { describe, expect, it } from '@jest/globals';
import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { CommitProtocol } from '#protocols/commit/messages.js';
import type { Law } from '#simulator/laws/violation.js';
import { runSchedule } from '#simulator/schedule.js';
import { rightParts, type ShopParts } from '#simulator/shop/shop-parts.js';
import * as cores from './broken-cores.js';
import * as participants from './broken-participants.js';
import * as surroundings from './broken-surroundings.js';

/**
 * The simulation is itself tested: a known bug is put back into one part of the shop, and the schedules of the
 * simulation's slice must find it, each for one of the reasons for which it is a bug.
 */

interface Mutation {
  readonly bug: string;
  readonly of: CommitProtocolName;
  readonly parts: Partial<ShopParts>;
  readonly breaks: readonly Law[];
}

const core = (broken: CommitProtocol<unknown>): Partial<ShopParts> => ({ core: () => broken });
const { saga, tcc, '2pc': twoPhase, '3pc': threePhase, none } = commitProtocols;

const record: Law = 'a message is sent after its record';
const conserved: Law = 'money and stock are conserved';
const stays: Law = 'what has ended stays ended';
const together: Law = 'all branches or none';
const votes: Law = 'a decision needs every vote';
const told: Law = 'an outcome stays';
const ends: Law = 'every order ends';
const settles: Law = 'nothing stays locked or reserved';
const order: Law = 'steps run and are undone in order';
const one: Law = 'one decision';

const mutations: readonly Mutation[] = [
  {
    bug: 'a message is sent before its record',
    of: 'saga',
    parts: core(cores.sentBeforeLogged(saga)),
    breaks: [record],
  },
  {
    bug: 'a decision is sent before it is logged',
    of: 'tcc',
    parts: core(cores.sentBeforeLogged(tcc)),
    breaks: [record],
  },
  {
    bug: 'a decision is sent before it is logged',
    of: '2pc',
    parts: core(cores.sentBeforeLogged(twoPhase)),
    breaks: [record],
  },
  {
    bug: 'a decision is sent before it is logged',
    of: '3pc',
    parts: core(cores.sentBeforeLogged(threePhase)),
    breaks: [record],
  },
  {
    bug: 'the turn back is not forced',
    of: 'saga',
    parts: core(cores.nothingForced(saga)),
    breaks: [record],
  },
  {
    bug: 'the decision is not forced',
    of: '2pc',
    parts: core(cores.nothingForced(twoPhase)),
    breaks: [record],
  },
  {
    bug: 'the abort of a missing vote is not forced',
    of: '2pc',
    parts: core(cores.lazyAbort(twoPhase)),
    breaks: [stays, votes, together],
  },
  {
    bug: 'the abort of a missing vote is not forced',
    of: 'tcc',
    parts: core(cores.lazyAbort(tcc)),
    breaks: [stays, votes, together],
  },
  {
    bug: 'lost messages are not repeated',
    of: 'saga',
    parts: core(cores.neverRepeated(saga)),
    breaks: [ends, settles],
  },
  {
    bug: 'lost messages are not repeated',
    of: '2pc',
    parts: core(cores.neverRepeated(twoPhase)),
    breaks: [ends, settles],
  },
  {
    bug: 'compensation runs in forward order',
    of: 'saga',
    parts: core(cores.forwardCompensation),
    breaks: [order],
  },
  {
    bug: 'compensation is lost when the coordinator dies in it',
    of: 'saga',
    parts: core(cores.compensationLost),
    breaks: [ends, told],
  },
  { bug: 'there is no protocol', of: 'saga', parts: core(none), breaks: [record, order, told] },
  {
    bug: 'a lost vote counts as a yes',
    of: '2pc',
    parts: core(cores.silenceIsConsent(twoPhase, 'prepare')),
    breaks: [votes],
  },
  {
    bug: 'a lost vote counts as a yes',
    of: 'tcc',
    parts: core(cores.silenceIsConsent(tcc, 'try')),
    breaks: [votes],
  },
  {
    bug: 'a lost vote counts as a yes',
    of: '3pc',
    parts: core(cores.silenceIsConsent(threePhase, 'can-commit')),
    breaks: [votes],
  },
  {
    bug: 'recovery aborts what is committed',
    of: '2pc',
    parts: core(cores.alwaysPresumedAbort),
    breaks: [stays, together, told],
  },
  {
    bug: 'a divergence is not logged',
    of: '3pc',
    parts: core(cores.divergenceUnsaid),
    breaks: ['a divergence is known'],
  },
  {
    bug: 'the fence is missing',
    of: 'saga',
    parts: { Database: participants.WithoutFence },
    breaks: [conserved],
  },
  {
    bug: 'the fence is missing',
    of: 'tcc',
    parts: { Database: participants.WithoutFence },
    breaks: [conserved],
  },
  {
    bug: 'an empty cancel is forgotten',
    of: 'saga',
    parts: { Database: participants.ForgetsEmptyCancel },
    breaks: ['a cancel is remembered'],
  },
  {
    bug: 'an empty cancel is forgotten',
    of: 'tcc',
    parts: { Database: participants.ForgetsEmptyCancel },
    breaks: ['a cancel is remembered'],
  },
  {
    bug: 'an empty abort is forgotten',
    of: '2pc',
    parts: { Database: participants.ForgetsEmptyCancel },
    breaks: ['a cancel is remembered'],
  },
  {
    bug: 'a cancel is repeated',
    of: 'saga',
    parts: { Database: participants.CancelsTwice },
    breaks: [conserved],
  },
  {
    bug: 'a refusal is forgotten',
    of: 'saga',
    parts: { Database: participants.ForgetsRefusal },
    breaks: [stays],
  },
  {
    bug: 'a branch joins after the rollback',
    of: 'saga',
    parts: { Database: participants.JoinsAfterRollback },
    breaks: [stays],
  },
  {
    bug: 'a branch joins after the rollback',
    of: 'tcc',
    parts: { Database: participants.JoinsAfterRollback },
    breaks: [stays],
  },
  {
    bug: 'a branch joins after the rollback',
    of: '2pc',
    parts: { Database: participants.JoinsAfterRollback },
    breaks: [stays],
  },
  {
    bug: 'copies of a participant overwrite each other’s decision',
    of: '3pc',
    parts: { Database: participants.LastMarkerCounts },
    breaks: [told, together, settles, ends],
  },
  {
    bug: 'a yes is said before it is durable',
    of: '2pc',
    parts: { Process: participants.VotesBeforePreparing },
    breaks: [votes],
  },
  {
    bug: 'a prepare that failed is reported as prepared',
    of: '2pc',
    parts: { Process: participants.TakesRollbackForPrepared },
    breaks: [votes],
  },
  {
    bug: 'an unknown gid is a failure of commit',
    of: '2pc',
    parts: { Process: participants.UnknownIsFailure },
    breaks: [ends, settles],
  },
  {
    bug: 'an unknown gid is taken for an abort',
    of: '2pc',
    parts: { Process: participants.UnknownIsFailure, ...core(cores.unknownIsAborted) },
    breaks: [told],
  },
  {
    bug: 'recovery aborts a live prepare',
    of: '2pc',
    parts: { Process: participants.AbortsLivePrepares },
    breaks: [votes, together],
  },
  {
    bug: 'an abort leaves no fence',
    of: '2pc',
    parts: { Process: participants.RollsBackWithoutFence },
    breaks: ['a cancel is remembered'],
  },
  {
    bug: 'participants don’t check the term',
    of: '2pc',
    parts: { Process: participants.FollowsEveryTerm },
    breaks: ['an old term is refused'],
  },
  {
    bug: 'the log does not check the term',
    of: '2pc',
    parts: { Log: surroundings.LogOfEveryTerm },
    breaks: ['only the leader decides'],
  },
  {
    bug: 'a late request begins a transaction again',
    of: '2pc',
    parts: { Coordinator: surroundings.BeginsAgain },
    breaks: [one, stays],
  },
  {
    bug: 'the idempotency key is checked after the effect',
    of: 'saga',
    parts: { Desk: surroundings.KeyAfterEffect },
    breaks: ['a key pays once'],
  },
];

const mostSchedules = 20_000;
/** The slice's first seed. */
const firstSeed = 1987;

function firstViolation(protocol: CommitProtocolName, parts: ShopParts): { law: Law } | undefined {
  for (let seed = firstSeed; seed < firstSeed + mostSchedules; seed++) {
    const { violation } = runSchedule({ protocol, seed, without: [] }, { parts });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

describe('the simulation catches that', () => {
  it.each(mutations)('$bug ($of)', ({ of, parts, breaks }) => {
    expect(breaks).toContain(firstViolation(of, { ...rightParts, ...parts })?.law);
  });
});
