import type { Memory, SynchronousMode } from '#protocols/failover/cluster.js';
import { Failover } from '#protocols/failover/failover.js';
import { Random } from '../kernel/random.js';
import { SimulatedLauncher } from './launcher.js';
import { Mail } from './mail.js';
import { SimulatedServer } from './server.js';
import { SimulatedService } from './service.js';
import { SimulatedSupervisor, type SupervisorWorld } from './supervisor.js';

export interface FailoverRun {
  readonly seed: number;
  readonly synchronous: SynchronousMode;
  /** Whether anything but slow statements happens. */
  readonly faults: boolean;
  /** A broken one, to show that its bug is found. */
  readonly newFailover?: SupervisorWorld['newFailover'];
}

export interface FailoverOutcome {
  /** What must never be, and was; undefined when all is well. */
  readonly broken: string | undefined;
  readonly acknowledged: number;
  /** Acknowledged writes that a promotion has lost. */
  readonly lost: number;
  readonly promotions: number;
  readonly happened: readonly string[];
}

const stepMs = 5;
const troubledMs = 40_000;
const calmMs = 20_000;
const names = ['postgres-1', 'postgres-2', 'postgres-3'] as const;

/** A primary with two replicas, its supervisor, who runs the servers, and two services that write; all of it in virtual time. */
export function runFailover(run: FailoverRun): FailoverOutcome {
  const simulation = new FailoverSimulation(run);
  return simulation.run();
}

class FailoverSimulation {
  private nowMs = 0;
  private readonly random: Random;
  private readonly mail: Mail;
  private readonly servers: readonly SimulatedServer[];
  private readonly services: readonly SimulatedService[];
  private readonly launcher: SimulatedLauncher;
  private readonly disk: { memory: Memory };
  private supervisor: SimulatedSupervisor | undefined;
  private supervisorAwakeAtMs = 0;
  /** `from to`, with the time until which nothing comes through. */
  private readonly cuts = new Map<string, number>();
  private nextFaultMs = 2_000;
  private ids = 0;
  private readonly acknowledged = new Set<number>();
  private believedEpoch = 0;
  private lost = 0;
  private broken: string | undefined;
  private readonly happened: string[] = [];

  constructor(private readonly options: FailoverRun) {
    this.random = new Random(options.seed, 1);
    const now = (): number => this.nowMs;
    this.mail = new Mail(new Random(options.seed, 2), now);
    const offset = (): number => Math.round(this.random.between(-60_000, 60_000));
    this.servers = names.map((name, index) => new SimulatedServer(name, offset(), index > 0));
    for (const server of this.servers.slice(1)) server.follows = names[0];
    this.disk = { memory: firstMemory(options.synchronous) };
    this.launcher = new SimulatedLauncher(this.servers, this.disk, now);
    const world = {
      servers: this.servers,
      mail: this.mail,
      random: this.random,
      nowMs: now,
      isCut: (from: string, to: string) => this.isCut(from, to),
      nextId: () => (this.ids += 1),
      believes: (_: string, server: SimulatedServer, epoch: number) => this.believes(server, epoch),
      acknowledged: (id: number) => void this.acknowledged.add(id),
    };
    this.services = ['order', 'account'].map((name) => new SimulatedService(name, world));
  }

  run(): FailoverOutcome {
    while (this.nowMs < troubledMs + calmMs && this.broken === undefined) this.step();
    this.broken ??= this.complaint();
    const { acknowledged, lost, disk, broken, happened } = this;
    return { broken, acknowledged: acknowledged.size, lost, promotions: disk.memory.epoch - 1, happened };
  }

  private step(): void {
    this.nowMs += stepMs;
    const isTroubled = this.options.faults && this.nowMs < troubledMs;
    if (isTroubled && this.nowMs >= this.nextFaultMs) this.breakSomething();
    this.mail.deliver();
    if (this.nowMs % 100 === 0) this.launcher.step();
    if (this.nowMs % 20 === 0) this.replicate();
    this.superviseAgain();
    for (const service of this.services) service.step();
    const believed = new Set(this.services.flatMap(({ primary }) => primary ?? []));
    if (believed.size > 1)
      this.broken = `${[...believed].join(' and ')} are believed to be the primary at once`;
  }

  private superviseAgain(): void {
    if (this.supervisor?.isDead === true) {
      this.tell('the supervisor died between remembering and doing');
      this.supervisor = undefined;
      this.supervisorAwakeAtMs = this.nowMs + this.random.between(100, 3_000);
    }
    if (this.nowMs < this.supervisorAwakeAtMs) return;
    this.supervisor ??= new SimulatedSupervisor({
      servers: this.servers,
      mail: this.mail,
      nowMs: () => this.nowMs,
      isCut: (server) => this.isCut('supervisor', server),
      disk: this.disk,
      newFailover:
        this.options.newFailover ?? ((members, memory, nowMs) => new Failover(members, memory, nowMs)),
      diesNow: () => this.options.faults && this.nowMs < troubledMs && this.random.chance(0.05),
    });
    const { epoch } = this.disk.memory;
    this.supervisor.step();
    const { memory } = this.disk;
    if (memory.epoch !== epoch) this.tell(`epoch ${memory.epoch}: ${memory.primary} is chosen`);
  }

  private replicate(): void {
    for (const replica of this.servers) {
      const primary = this.servers.find(({ name }) => name === replica.follows);
      const canFetch = replica.isReplica && replica.answers && primary?.answers === true;
      if (canFetch && primary !== undefined && !this.isCut(replica.name, primary.name))
        replica.fetch(primary, 1 + this.random.below(10), this.nowMs);
      else replica.isStreaming = false;
    }
  }

  private breakSomething(): void {
    this.nextFaultMs = this.nowMs + this.random.between(200, 6_000);
    const forMs = this.random.between(300, 9_000);
    const server = this.random.pick([...this.servers] as [SimulatedServer, ...SimulatedServer[]]);
    switch (this.random.below(6)) {
      case 0:
      case 1:
        this.tell(`${server.name} is killed`);
        server.isUp = false;
        server.isPaused = false;
        return;
      case 2:
        if (!server.answers) return;
        this.tell(`${server.name} is paused for ${Math.round(forMs)} ms`);
        server.isPaused = true;
        this.mail.later(forMs, () => (server.isPaused = false));
        return;
      case 3:
        this.cut(server.name, forMs);
        return;
      case 4:
        this.tell('the supervisor is killed');
        if (this.supervisor !== undefined) this.supervisor.isDead = true;
        return;
      default:
        this.tell(`the supervisor is paused for ${Math.round(forMs)} ms`);
        this.supervisorAwakeAtMs = this.nowMs + forMs;
    }
  }

  private cut(name: string, forMs: number): void {
    const others = ['supervisor', 'order', 'account', ...names].filter(
      (other) => other !== name && this.random.chance(0.6),
    );
    this.tell(`${name} is cut off from ${others.join(', ')} for ${Math.round(forMs)} ms`);
    for (const other of others) {
      this.cuts.set(`${other} ${name}`, this.nowMs + forMs);
      this.cuts.set(`${name} ${other}`, this.nowMs + forMs);
    }
  }

  private isCut(from: string, to: string): boolean {
    return (this.cuts.get(`${from} ${to}`) ?? 0) > this.nowMs;
  }

  /** A service has found the primary of an epoch; the first that does shows what the promotion has kept. */
  private believes(server: SimulatedServer, epoch: number): void {
    if (epoch <= this.believedEpoch) return;
    this.believedEpoch = epoch;
    const kept = new Set(server.log.flatMap((entry) => (entry.kind === 'write' ? [entry.id] : [])));
    const missing = [...this.acknowledged].filter((id) => !kept.has(id));
    for (const id of missing) this.acknowledged.delete(id);
    this.lost += missing.length;
    this.tell(
      `${server.name} takes writes in epoch ${epoch}; of those acknowledged ${missing.length} are lost`,
    );
    if (missing.length > 0 && this.options.synchronous !== 'none')
      this.broken = `epoch ${epoch} has lost ${missing.length} acknowledged writes`;
  }

  /** When nothing has been broken for a while, everything works. */
  private complaint(): string | undefined {
    const { primary, phase } = this.disk.memory;
    if (phase !== 'steady') return `the phase is still ${phase}`;
    const silent = this.services.find((service) => service.primary !== primary);
    if (silent !== undefined) return `${silent.name} has not found the primary`;
    const stray = this.servers.find(({ name, isStreaming }) => name !== primary && !isStreaming);
    if (stray !== undefined) return `${stray.name} does not stream`;
    return undefined;
  }

  private tell(what: string): void {
    this.happened.push(`${String(this.nowMs).padStart(6)} ms  ${what}`);
  }
}

function firstMemory(synchronous: SynchronousMode): Memory {
  const [primary, ...replicas] = names;
  return {
    epoch: 1,
    primary,
    phase: 'steady',
    mode: 'hot',
    synchronous,
    synchronousReplicas: synchronous === 'none' ? [] : replicas,
    cloneOrders: {},
  };
}
