import type { Random } from '../kernel/random.js';
import type { Mail } from './mail.js';
import type { SimulatedServer } from './server.js';

const pulseMs = 250;
const writeMs = 40;

export interface ServiceWorld {
  readonly servers: readonly SimulatedServer[];
  readonly mail: Mail;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly isCut: (service: string, server: string) => boolean;
  readonly nextId: () => number;
  /** The service takes the server for the primary, until then. */
  readonly believes: (service: string, server: SimulatedServer, epoch: number) => void;
  readonly acknowledged: (id: number) => void;
}

/** A service that finds out by itself who the primary is, writes to it, and believes only what comes in time. */
export class SimulatedService {
  private belief: { server: SimulatedServer; epoch: number; untilMs: number } | undefined;
  private nextPulseMs = 0;
  private nextWriteMs = 0;

  constructor(
    readonly name: string,
    private readonly world: ServiceWorld,
  ) {}

  /** Whom it takes for the primary right now. */
  get primary(): string | undefined {
    const { belief } = this;
    return belief !== undefined && this.world.nowMs() < belief.untilMs ? belief.server.name : undefined;
  }

  step(): void {
    const nowMs = this.world.nowMs();
    if (nowMs >= this.nextPulseMs) {
      this.nextPulseMs = nowMs + pulseMs;
      for (const server of this.world.servers) this.pulse(server);
    }
    if (nowMs >= this.nextWriteMs && this.primary !== undefined) {
      this.nextWriteMs = nowMs + writeMs;
      this.write();
    }
  }

  private pulse(server: SimulatedServer): void {
    const { mail, nowMs, isCut } = this.world;
    const sentAtMs = nowMs();
    const execute = (): { epoch: number; leftMs: number } | undefined => {
      const { lease, isReplica } = server;
      if (isReplica || lease?.primary !== server.name) return undefined;
      return { epoch: lease.epoch, leftMs: lease.expiresAtMs - server.clock(nowMs()) };
    };
    const cut = (): boolean => isCut(this.name, server.name);
    mail.ask(server, cut, execute, (held) => {
      if (held === undefined || held.leftMs <= 0) return;
      const untilMs = sentAtMs + held.leftMs;
      const { belief } = this;
      if (belief !== undefined && belief.epoch > held.epoch) return;
      if (untilMs <= nowMs()) return;
      if (belief?.server === server && belief.epoch === held.epoch)
        belief.untilMs = Math.max(belief.untilMs, untilMs);
      else this.belief = { server, epoch: held.epoch, untilMs };
      this.world.believes(this.name, server, held.epoch);
    });
  }

  private write(): void {
    const { belief } = this;
    if (belief === undefined) return;
    const { mail, nowMs, isCut, nextId, acknowledged } = this.world;
    const { server, epoch } = belief;
    const id = nextId();
    const execute = (): number | undefined => {
      if (server.isReplica || server.readOnly) return undefined;
      server.append({ kind: 'write', id });
      return server.log.length;
    };
    const stillBelieved = (): boolean =>
      this.belief === belief && belief.epoch === epoch && nowMs() < belief.untilMs;
    const wait = (length: number | undefined): void => {
      if (length === undefined || !stillBelieved()) return;
      if (!server.isUp || server.isReplica) return;
      if (server.answers && server.isConfirmed(length)) acknowledged(id);
      else mail.later(10, () => wait(length));
    };
    mail.ask(server, () => isCut(this.name, server.name), execute, wait);
  }
}
