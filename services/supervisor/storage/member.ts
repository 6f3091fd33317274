import type { DatabaseConfig, DatabaseMember } from '#platform/config/process-config.js';
import { slotOf } from '#platform/postgres/replication-names.js';
import type { Action } from '#protocols/failover/cluster.js';
import type { LeaseHolder } from '../domain/lease-keeper.js';
import type { Observation } from '../domain/observation.js';
import { MemberLease } from './lease-holder.js';
import { MemberCommands } from './member-commands.js';
import { MemberLink } from './member-link.js';
import { observeMember } from './observe-member.js';

/** A server that is slower is looked at again. */
const observationTimeoutMs = 800;
const renewalTimeoutMs = 1_000;
/** Looks and renewals may come late: the one tells when it was asked, the other revives no lease. */
const silenceMs = 2_000;

interface MemberOptions {
  readonly member: DatabaseMember;
  readonly database: Pick<DatabaseConfig, 'connectionString'>;
  /** All, with the addresses at which replicas find each. */
  readonly members: readonly DatabaseMember[];
  readonly nowMs: () => number;
  /** How many times longer an answer may take, and the lease lasts. */
  readonly patience: number;
}

/**
 * One server of the cluster as the supervisor reaches it: to look at it, to renew its lease and to have it do something,
 * each on a connection of its own, so that none waits for another.
 */
export class Member {
  readonly lease: LeaseHolder;
  private readonly eyes: MemberLink;
  private readonly hands: MemberLink;
  private readonly leaseLink: MemberLink;
  private readonly commands: MemberCommands;

  constructor(private readonly options: MemberOptions) {
    const { member, database, members, nowMs, patience } = options;
    // What it writes is waited for nowhere else, and it may write where nobody else may.
    const settings = { synchronous_commit: 'local', default_transaction_read_only: 'off' };
    const common = { member, database };
    const patient = { ...common, silenceMs: silenceMs * patience };
    this.eyes = new MemberLink({ ...patient, applicationName: 'supervisor-eyes' });
    this.hands = new MemberLink({ ...common, applicationName: 'supervisor-hands', settings });
    this.leaseLink = new MemberLink({
      ...patient,
      applicationName: 'supervisor-lease',
      settings: { ...settings, statement_timeout: String(Math.round(renewalTimeoutMs * patience)) },
    });
    this.lease = new MemberLease(this.leaseLink, nowMs, patience);
    this.commands = new MemberCommands(members);
  }

  get name(): string {
    return this.options.member.name;
  }

  look(): Promise<Observation> {
    const { members, nowMs, patience } = this.options;
    return observeMember(this.eyes, { members, slotOf, nowMs }, observationTimeoutMs * patience);
  }

  execute(action: Action): Promise<void> {
    return this.commands.execute(this.hands, action);
  }

  delay(delayMs: number): Promise<void> {
    return this.commands.delay(this.hands, delayMs);
  }

  close(): void {
    this.eyes.close();
    this.hands.close();
    this.leaseLink.close();
  }
}
