import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { detectorNames } from '#protocols/failure-detector/detector.js';
import { memberStates } from '#protocols/failure-detector/member.js';
import { sheddingStates, type View } from './view.js';

/** What the registry answers to an operator is more than the view; the rest is passed over. */
const viewSchema = z.object({
  epoch: z.number(),
  version: z.number(),
  settled: z.boolean(),
  detector: z.enum(detectorNames),
  balancing: z.object({ frontDoor: z.string(), grpc: z.string(), adaptive: z.boolean() }),
  shedding: z.enum(sheddingStates),
  members: z.array(
    z.object({
      name: z.string(),
      service: z.string(),
      httpAddress: z.string(),
      grpcAddress: z.string(),
      state: z.enum(memberStates),
      draining: z.boolean(),
      slowStartShare: z.number(),
      weight: z.number(),
    }),
  ),
}) satisfies z.ZodType<View>;

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
