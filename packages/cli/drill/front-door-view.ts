import { viewHeader } from '#platform/nginx/front-door.js';

import { waitFor } from '../wait-for.js';

/** A view of the registry: versions of different epochs do not compare. */
export interface ViewStamp {
  readonly epoch: number;
  readonly version: number;
}

const answerMs = 1_000;
const lookPauseMs = 50;

/** Reads `EPOCH.VERSION`; undefined for anything else. */
export function parseStamp(text: string | null): ViewStamp | undefined {
  const [, epoch, version] = /^(\d+)\.(\d+)$/.exec(text ?? '') ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), version: Number(version) };
}

/** Waits until nginx works by this view or a later one of the same registry; false when the time was over before. */
export async function frontDoorFollows(url: string, view: ViewStamp, timeoutMs: number): Promise<boolean> {
  const followed = await waitFor(
    async () => {
      const stamp = await readStamp(url);
      return stamp?.epoch === view.epoch && stamp.version >= view.version;
    },
    { timeoutMs, intervalMs: lookPauseMs },
  );
  return followed === true;
}

async function readStamp(url: string): Promise<ViewStamp | undefined> {
  try {
    // On a connection of its own, which the newest worker accepts.
    const headers = { connection: 'close' };
    const response = await fetch(new URL('/healthz', url), {
      headers,
      signal: AbortSignal.timeout(answerMs),
    });
    await response.arrayBuffer();
    return parseStamp(response.headers.get(viewHeader));
  } catch {
    return undefined;
  }
}
