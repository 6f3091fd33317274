import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What a wire does. `cut`: bytes stay where they are, both ways, while the connections stay open, as when a cable is
 * pulled; what waits goes on when the wire is whole again. New connections get no answer. `refused`: connections are
 * reset, and new ones are refused.
 */
export const wireStates = ['open', 'cut', 'refused'] as const;
export type WireState = (typeof wireStates)[number];

export interface WireOptions {
  /** For example `clients->postgres-1`. */
  readonly name: string;
  readonly listenPort: number;
  readonly targetPort: number;
}

export interface WireStatus {
  readonly name: string;
  readonly state: WireState;
  /** Until it is open again; null when it is. */
  readonly leftMs: number | null;
}

const host = '127.0.0.1';

/** A TCP proxy through which the network between two parties can be disturbed, for a while. */
export class Wire {
  private state: WireState = 'open';
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private endsAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WireOptions) {}

  get name(): string {
    return this.options.name;
  }

  listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: this.options.listenPort }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  }

  /** Takes a state for so long; then the wire opens by itself. */
  async set(state: WireState, ttlMs: number): Promise<void> {
    clearTimeout(this.timer);
    await this.become(state);
    if (state === 'open') return;
    this.endsAtMs = performance.now() + ttlMs;
    this.timer = setTimeout(() => void this.become('open'), ttlMs);
  }

  /** Ends everything that goes through it. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.become('refused');
  }

  status(): WireStatus {
    const leftMs = this.state === 'open' ? null : Math.max(0, Math.round(this.endsAtMs - performance.now()));
    return { name: this.name, state: this.state, leftMs };
  }

  private async become(state: WireState): Promise<void> {
    const before = this.state;
    this.state = state;
    if (before === 'refused' && state !== 'refused') await this.listen();
    for (const pair of this.pairs) {
      if (state === 'refused') pair.reset();
      else pair.hold(state === 'cut');
    }
    if (state === 'refused' && before !== 'refused') {
      await new Promise<void>((resolve) => void this.server?.close(() => resolve()));
    }
  }

  private accept(client: Socket): void {
    const pair = new Pair(client, this.options.targetPort, () => this.pairs.delete(pair));
    this.pairs.add(pair);
    pair.hold(this.state === 'cut');
  }
}

/** One connection through a wire. The far end is reached when the wire is whole for the first time. */
class Pair {
  private far: Socket | undefined;
  private isHeld = false;
  /** An end that closed while the wire was cut: the other must not know before it is whole. */
  private isBroken = false;

  constructor(
    private readonly near: Socket,
    private readonly targetPort: number,
    private readonly onGone: () => void,
  ) {
    near.pause();
    near.on('error', () => undefined);
    near.once('close', () => this.close());
  }

  hold(held: boolean): void {
    this.isHeld = held;
    if (held) {
      this.near.pause();
      this.far?.pause();
      return;
    }
    if (this.isBroken) return this.close();
    this.far ??= this.reach();
    this.near.resume();
    this.far.resume();
  }

  reset(): void {
    this.isHeld = false;
    this.near.resetAndDestroy();
    this.far?.resetAndDestroy();
    this.onGone();
  }

  private reach(): Socket {
    const far = connect({ host, port: this.targetPort, allowHalfOpen: true, noDelay: true });
    far.on('error', () => undefined);
    far.once('close', () => this.close());
    this.pass(this.near, far);
    this.pass(far, this.near);
    return far;
  }

  private pass(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.isHeld) from.resume();
    });
    from.once('end', () => to.end());
  }

  private close(): void {
    this.isBroken = true;
    if (this.isHeld) return;
    this.near.destroy();
    this.far?.destroy();
    this.onGone();
  }
}
