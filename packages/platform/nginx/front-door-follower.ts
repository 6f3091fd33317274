import { setTimeout as delay } from 'node:timers/promises';
import { acceptView, type View } from '../membership/view.js';
import { renderFrontDoor, type FrontDoor } from './front-door.js';
import { servicesUnderPressure } from './limits.js';
import { followView, type FollowingDoor } from './upstreams-of-view.js';

/** A running nginx, wherever it runs. */
export interface Nginx {
  /** @returns what nginx has against the configuration; undefined when it would take it */
  test(configuration: string): Promise<string | undefined>;
  /** Puts a configuration in force that was tested; requests under way are finished under the one before. */
  reload(configuration: string): void;
  /** Says whose copies are under pressure, which it takes notice of at once and without a reload. */
  press(services: readonly string[]): void;
}

interface FollowerOptions extends FollowingDoor {
  readonly nginx: Nginx;
  readonly onLine: (text: string) => void;
  /** Between two reloads, each of which starts new workers. */
  readonly pauseMs?: number;
}

const leastPauseMs = 500;

/**
 * Keeps nginx's upstreams as the registry sees the shop. It changes nothing that nginx would not take, reloads only when the text has
 * changed, and not too often; while the registry is away nginx goes on with what it has.
 */
export class FrontDoorFollower {
  private view: View | undefined;
  private inForce: string;
  private rejected = '';
  private working = false;
  private closed = false;

  constructor(private readonly options: FollowerOptions) {
    this.inForce = renderFrontDoor(options.planned);
  }

  /** To be called with each view; what is not newer is passed over. */
  take(told: View): void {
    const accepted = acceptView(this.view, told);
    if (accepted === undefined || accepted === this.view) return;
    this.view = accepted;
    this.press(accepted);
    if (!this.working) void this.follow();
  }

  close(): void {
    this.closed = true;
  }

  private press(view: View): void {
    try {
      this.options.nginx.press(servicesUnderPressure(followView(this.options, view)));
    } catch (error) {
      this.options.onLine(`! nginx could not be told who is under pressure: ${String(error)}`);
    }
  }

  private async follow(): Promise<void> {
    this.working = true;
    try {
      for (let next = this.wanted(); next !== undefined && !this.closed; next = this.wanted()) {
        await this.apply(next.text, next.door);
        await delay(this.options.pauseMs ?? leastPauseMs);
      }
    } finally {
      this.working = false;
    }
  }

  /** What nginx should do and does not yet. */
  private wanted(): { text: string; door: FrontDoor } | undefined {
    const { view } = this;
    if (view === undefined) return undefined;
    const door = followView(this.options, view);
    const text = renderFrontDoor(door);
    if (text === this.inForce || text === this.rejected) return undefined;
    return { text, door: { ...door, viewStamp: `${view.epoch}.${view.version}` } };
  }

  private async apply(text: string, door: FrontDoor): Promise<void> {
    const { nginx, onLine } = this.options;
    const stamped = renderFrontDoor(door);
    try {
      const complaint = await nginx.test(stamped);
      if (complaint === undefined) {
        nginx.reload(stamped);
        this.inForce = text;
        return;
      }
      onLine(`! nginx would not take its new configuration and keeps the one it has: ${complaint}`);
    } catch (error) {
      onLine(`! nginx could not be told of a change: ${String(error)}`);
    }
    this.rejected = text;
  }
}
