import { setTimeout as delay } from 'node:timers/promises';
import { viewSchema } from './listed-members.js';
import type { View } from './view.js';

/** How long the registry may wait for a change before it answers all the same. */
const waitMs = 5_000;
const marginMs = 2_000;
const retryMs = 250;

interface WatcherOptions {
  /** Of the registry itself: through the front door it could not be reached when that is wrong. */
  readonly url: string;
  readonly adminToken: string;
  readonly take: (view: View) => void;
}

/** Follows the registry's view from a process that is not a member, over HTTP. It goes on trying while the registry is away. */
export class ViewWatcher {
  private readonly ending = new AbortController();
  private known = '';

  constructor(private readonly options: WatcherOptions) {}

  async run(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      const view = await this.look();
      if (view === undefined) await delay(retryMs, undefined, { signal }).catch(() => undefined);
      else {
        this.known = `${view.epoch}.${view.version}`;
        this.options.take(view);
      }
    }
  }

  close(): void {
    this.ending.abort();
  }

  private async look(): Promise<View | undefined> {
    const { url, adminToken } = this.options;
    const query = this.known === '' ? '' : `?known=${this.known}&waitMs=${waitMs}`;
    try {
      const response = await fetch(new URL(`/control/members${query}`, url), {
        headers: { authorization: `Bearer ${adminToken}` },
        signal: AbortSignal.any([this.ending.signal, AbortSignal.timeout(waitMs + marginMs)]),
      });
      if (!response.ok) {
        await response.body?.cancel();
        return undefined;
      }
      return viewSchema.parse(await response.json());
    } catch {
      return undefined;
    }
  }
}
