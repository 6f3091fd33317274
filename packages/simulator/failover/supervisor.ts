import { timings, type Action, type Memory } from '#protocols/failover/cluster.js';
import type { Failover } from '#protocols/failover/failover.js';
import type { Mail } from './mail.js';
import type { SimulatedServer } from './server.js';

const timeoutMs = 800;
const tickMs = 50;

export interface SupervisorWorld {
  readonly servers: readonly SimulatedServer[];
  readonly mail: Mail;
  readonly nowMs: () => number;
  readonly isCut: (server: string) => boolean;
  /** What is on disk. */
  readonly disk: { memory: Memory };
  readonly newFailover: (members: readonly string[], memory: Memory, nowMs: number) => Failover<Memory>;
  /** Whether it dies here, between having remembered and doing. */
  readonly diesNow: () => boolean;
}

/** The supervisor's process: asks and is answered through the mail, and forgets everything but its disk when it dies. */
export class SimulatedSupervisor {
  readonly failover: Failover<Memory>;
  isDead = false;
  private readonly nextLookMs = new Map<string, number>();
  private readonly busyUntilMs = new Map<string, number>();
  private readonly actedAtMs = new Map<string, number>();
  private nextTickMs = 0;
  private nextRenewalMs = 0;
  private reading: { member: string; clockMs: number; askedAtMs: number; readAtMs: number } | undefined;

  constructor(private readonly world: SupervisorWorld) {
    const names = world.servers.map(({ name }) => name);
    this.failover = world.newFailover(names, world.disk.memory, world.nowMs());
  }

  step(): void {
    const nowMs = this.world.nowMs();
    for (const server of this.world.servers)
      if (nowMs >= (this.nextLookMs.get(server.name) ?? 0)) this.look(server);
    if (nowMs < this.nextTickMs) return;
    this.nextTickMs = nowMs + tickMs;
    this.tick();
  }

  private tick(): void {
    const { nowMs, disk, diesNow } = this.world;
    for (let round = 0; round < 10 && !this.isDead; round += 1) {
      const decision = this.failover.decide(nowMs());
      if (decision.kind === 'act') {
        if (decision.renew) this.renew();
        for (const action of decision.actions) this.act(action);
        return;
      }
      if (diesNow()) this.isDead = true;
      else {
        disk.memory = decision.memory;
        this.failover.remembered(decision.memory, nowMs());
        if (diesNow()) this.isDead = true;
      }
    }
  }

  private look(server: SimulatedServer): void {
    const { mail, nowMs, isCut } = this.world;
    const askedAtMs = nowMs();
    this.nextLookMs.set(server.name, askedAtMs + timeoutMs);
    const execute = (): ReturnType<SimulatedServer['tell']> => server.tell(askedAtMs, nowMs());
    mail.ask(
      server,
      () => isCut(server.name),
      execute,
      (seen) => {
        if (this.isDead || seen === undefined || nowMs() - askedAtMs > timeoutMs) return;
        const before = this.failover.lastOf(server.name)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
        if (askedAtMs > before) this.failover.heard(seen);
        const isCalm = this.failover.lease.leftMs(nowMs()) > 2 * timings.renewMs;
        this.nextLookMs.set(server.name, nowMs() + (isCalm ? 250 : 50));
      },
    );
  }

  /** What a statement asks of the lease is absolute, so that it means the same whenever it is executed. */
  private renew(): void {
    const { mail, nowMs, isCut, disk } = this.world;
    if (nowMs() < this.nextRenewalMs) return;
    const { epoch, primary } = disk.memory;
    const server = this.serverNamed(primary);
    const { reading } = this;
    const isUsable = reading?.member === primary && nowMs() - reading.readAtMs < timings.leaseMs / 3;
    this.nextRenewalMs = nowMs() + (isUsable ? timings.renewMs : tickMs);
    const askedAtMs = nowMs();
    if (isUsable) this.failover.lease.renewing(reading.readAtMs);
    const execute = (): number | undefined => {
      if (server.isReplica) return undefined;
      const isStale = (server.lease?.epoch ?? 0) > epoch;
      if (isUsable && !isStale)
        server.append({ kind: 'lease', epoch, primary, expiresAtMs: reading.clockMs + timings.leaseMs });
      return isStale ? undefined : server.clock(nowMs());
    };
    mail.ask(
      server,
      () => isCut(server.name),
      execute,
      (clockMs) => {
        if (this.isDead || clockMs === undefined || nowMs() - askedAtMs > timeoutMs) return;
        if (isUsable) this.failover.renewed(epoch, reading.askedAtMs);
        this.reading = { member: primary, clockMs, askedAtMs, readAtMs: nowMs() };
      },
    );
  }

  private act(action: Action): void {
    const { mail, nowMs, isCut } = this.world;
    const { member: name } = action;
    const server = this.serverNamed(name);
    const seenAtMs = this.failover.lastOf(name)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    if (nowMs() < (this.busyUntilMs.get(name) ?? 0)) return;
    if (seenAtMs < (this.actedAtMs.get(name) ?? Number.NEGATIVE_INFINITY)) return;
    this.busyUntilMs.set(name, nowMs() + timeoutMs);
    mail.ask(
      server,
      () => isCut(name),
      () => this.execute(server, action),
      () => {
        this.busyUntilMs.set(name, 0);
        this.actedAtMs.set(name, nowMs());
        this.nextLookMs.set(name, 0);
      },
    );
  }

  private execute(server: SimulatedServer, action: Action): void {
    switch (action.type) {
      case 'promote':
        return server.promote(action.epoch);
      case 'open':
        if (server.isReplica) return;
        server.readOnly = false;
        server.keepsFor = this.world.servers.map(({ name }) => name).filter((name) => name !== server.name);
        if (server.epoch < action.epoch) server.append({ kind: 'epoch', epoch: action.epoch });
        return;
      case 'synchronize':
        server.names = action.names;
        server.applies = action.applies;
        return;
      case 'follow':
        server.follows = action.primary;
        return;
      case 'fence':
        server.readOnly = true;
    }
  }

  private serverNamed(name: string): SimulatedServer {
    const server = this.world.servers.find((one) => one.name === name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    return server;
  }
}
