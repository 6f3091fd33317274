import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { Outcome } from '#protocols/commit/messages.js';
import type { Random } from '../kernel/random.js';
import { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import { Laws } from '../laws/laws.js';
import type { Coordinator } from './coordinator.js';
import type { ShopPlan, Wish } from './draw-shop.js';
import type { BranchMessage, BranchReply } from './messages.js';
import type { OrderAnswer, OrderBook, OrderDesk } from './order-desk.js';
import { branchNames, orderBranch, type Transaction } from './orders-to-place.js';
import type { ParticipantDatabase } from './participant-database.js';
import type { ParticipantProcess } from './participant-process.js';
import type { SharedLog } from './shared-log.js';
import type { ShopParts } from './shop-parts.js';

/** A customer who hears nothing final asks again under the same key, so many times. */
const mostRequests = 3;
const askAgainMs = 2_500;

/** The whole shop: coordinators, participants, order desks and customers, wired through the world's network. */
export class Shop implements OrderBook {
  readonly transactions: Transaction[] = [];
  readonly laws: Laws;
  readonly log: SharedLog;
  readonly coordinators: Coordinator[] = [];
  readonly databases: ParticipantDatabase[];
  private readonly participants: ParticipantProcess[][];
  private readonly desks: OrderDesk[];
  /** Somewhere outside; it neither fails nor is cut off from both sides of a partition. */
  private readonly customers = new SimulatedProcess('customers', false);
  private readonly gidOfKey = new Map<number, number>();
  private readonly placedAtMs: number[] = [];
  private customersWaiting = 0;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly protocol: CommitProtocolName,
    private readonly plan: ShopPlan,
    private readonly parts: ShopParts,
  ) {
    const rows = plan.opening.map((opening) => opening.length);
    this.laws = new Laws(this.transactions, rows, () => world.disturbances);
    this.log = new parts.Log((write, term) => this.laws.recordWritten(write, term));
    world.add(this.log.process);
    for (let number = 1; number <= plan.coordinators; number++)
      this.coordinators.push(this.newCoordinator(number));
    this.databases = branchNames.map(
      (_, branch) =>
        new parts.Database(world, branch, [...(plan.opening[branch] ?? [])], this.transactions, this.laws),
    );
    this.participants = this.databases.map((database) => this.newParticipants(database));
    this.desks = (this.participants[orderBranch] ?? []).map(
      ({ process }) => new parts.Desk(world, process, this, (...call) => this.execute(...call)),
    );
    this.laws.observe(this.databases, this.log);
  }

  /** Starts every process, and the customers. */
  open(): void {
    this.customers.isUp = true;
    for (const { process } of this.coordinators) this.world.start(process);
    for (const { process } of this.participants.flat()) this.world.start(process);
    for (const wish of this.plan.wishes) {
      this.want(wish);
      if (wish.isTwin) this.want(wish);
    }
  }

  /** Nobody waits for anything, and nothing is open, locked or reserved. */
  get isQuiet(): boolean {
    return this.laws.pending.size === 0 && this.unsettled() === undefined;
  }

  /** What keeps the shop from being quiet, besides orders. */
  unsettled(): string | undefined {
    if (this.customersWaiting > 0) return `${this.customersWaiting} customers wait`;
    const open = [...this.log.open].filter((gid) => this.log.has(gid, 'begin'));
    if (open.length > 0) return `in the log ${open.join(', ')} are open`;
    const busy = this.coordinators.find(({ openTransactions }) => openTransactions > 0);
    if (busy !== undefined) return `${busy.process.name} has ${busy.openTransactions} open transactions`;
    for (const { prepared, tried, locks, branch } of this.databases) {
      const name = branchNames[branch] ?? '';
      if (prepared.size > 0) return `${name} has ${[...prepared.keys()].join(', ')} prepared`;
      if (tried.size > 0) return `${name} has ${[...tried].join(', ')} reserved`;
      if (locks.held > 0) return `${name} has ${locks.held} rows locked`;
    }
    return undefined;
  }

  /** The branches that ended the other way than their transactions, as the log knows it. */
  divergences(): { gid: number; branch: number }[] {
    return this.transactions.flatMap(({ gid }) =>
      this.log
        .recordsOf(gid)
        .flatMap((record) => (record.kind === 'diverged' ? record.branches : []))
        .filter((branch) => this.laws.statesOf(gid)[branch] !== 'applied')
        .map((branch) => ({ gid, branch })),
    );
  }

  /** An operator repairs a branch that has diverged; what it needs is bought again. */
  repair(gid: number, branch: number): void {
    this.databases[branch]?.restock(gid);
    this.coordinators.find(({ isActive }) => isActive)?.redo(gid, branch);
  }

  record(key: number): { gid: number; isNew: boolean } {
    const known = this.gidOfKey.get(key);
    if (known !== undefined) return { gid: known, isNew: false };
    const gid = this.add(key);
    this.gidOfKey.set(key, gid);
    return { gid, isNew: true };
  }

  /** A row for a new order. */
  add(key: number): number {
    const gid = this.transactions.length;
    const portions = this.plan.wishes[key]?.portions ?? [];
    this.transactions.push({ gid, key, protocol: this.protocol, portions });
    this.placedAtMs[gid] = this.world.nowMs;
    this.laws.orderPlaced(gid);
    this.world.tell(`order ${key} is recorded as ${gid}`);
    return gid;
  }

  statusOf(gid: number): OrderAnswer['answer'] {
    if (this.laws.pending.has(gid)) return 'pending';
    return this.laws.statesOf(gid)[orderBranch] === 'applied' ? 'committed' : 'aborted';
  }

  unfinished(beforeMs: number): number[] {
    return [...this.laws.pending].filter((gid) => (this.placedAtMs[gid] ?? Infinity) <= beforeMs);
  }

  private newCoordinator(number: number): Coordinator {
    return new this.parts.Coordinator(this.world, this.log, `coordinator-${number}`, {
      keepsLog: this.protocol !== 'none',
      coreOf: () => this.parts.core(this.protocol),
      send: (from, message) => this.sendToParticipant(from, message),
      sends: (gid, phase) => this.laws.messageSent(gid, phase),
      replies: (gid, outcome) => this.laws.outcomeTold(gid, outcome),
    });
  }

  private newParticipants(database: ParticipantDatabase): ParticipantProcess[] {
    const name = branchNames[database.branch] ?? '';
    return Array.from(
      { length: this.plan.copies },
      (_, index) =>
        new this.parts.Process(this.world, database, `${name}-${index + 1}`, (from, reply, to) =>
          this.sendToCoordinator(from, reply, to),
        ),
    );
  }

  private sendToParticipant(from: Coordinator, message: BranchMessage): void {
    const copies = this.participants[message.branch] ?? [];
    const to = copies[copies.length > 1 ? this.random.below(copies.length) : 0];
    if (to !== undefined) this.world.send(from.process, to.process, () => to.receive(message, from.process));
  }

  private sendToCoordinator(from: ParticipantProcess, reply: BranchReply, to?: SimulatedProcess): void {
    for (const coordinator of this.coordinators) {
      if (to === undefined || coordinator.process === to)
        this.world.send(from.process, coordinator.process, () => coordinator.receive(reply));
    }
  }

  /** Only who believes to be the active coordinator keeps its streams open; after a pause, two may do. */
  private execute(
    from: SimulatedProcess,
    gid: number,
    resumed: boolean,
    reply: (outcome: Outcome) => void,
  ): void {
    const active = this.coordinators.filter(({ isActive, process }) => isActive && process.isUp);
    const to = active[this.random.below(active.length)];
    const request = to?.openStream();
    if (to === undefined || request === undefined) return;
    this.world.send(from, to.process, () =>
      request(gid, resumed, (outcome) => this.world.send(to.process, from, () => reply(outcome))),
    );
  }

  private want(wish: Wish): void {
    this.customersWaiting += 1;
    this.world.plan(undefined, wish.atMs, () => this.request(wish.key, 1));
  }

  private request(key: number, attempt: number): void {
    const desk = this.desks[this.random.below(this.desks.length)];
    if (desk === undefined) return;
    let isOver = false;
    this.world.send(this.customers, desk.process, () =>
      desk.place(key, ({ gid, answer }) =>
        this.world.send(desk.process, this.customers, () => {
          if (answer === 'pending') return;
          this.laws.customerTold(gid, key, answer);
          if (isOver) return;
          isOver = true;
          this.customersWaiting -= 1;
        }),
      ),
    );
    this.world.plan(undefined, askAgainMs, () => {
      if (isOver) return;
      isOver = true;
      if (attempt < mostRequests) this.request(key, attempt + 1);
      else this.customersWaiting -= 1;
    });
  }
}
