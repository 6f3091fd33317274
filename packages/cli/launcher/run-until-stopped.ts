import type { Progress } from '#bootstrap/progress.mjs';

import { Failure } from '../failure.js';
import { startedDetached, tellStarter } from './detach.js';
import type { Platform, StartedPlatform } from './platform.js';

/** A second signal that follows this closely is the same Ctrl-C, passed on once more by npm. */
const sameSignalMs = 500;

/** Starts a platform, keeps it running until a signal comes, and stops it in order. */
export async function runUntilStopped(
  platform: Platform,
  progress: Progress,
  onReady: (started: StartedPlatform) => void,
): Promise<void> {
  const stopped = onSignal(platform, progress);
  // The terminal may be gone when the last lines are printed.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let outcome: { started: StartedPlatform } | undefined;
  try {
    const started = platform.start().then((result) => ({ started: result }));
    outcome = await Promise.race([started, stopped.then(() => undefined)]);
  } catch (error) {
    if (error instanceof Failure) tellStarter({ kind: 'failed', text: error.message });
    throw error;
  } finally {
    // The listener would keep a process whose start has failed from ending.
    process.removeAllListeners('disconnect');
  }
  if (outcome) {
    onReady(outcome.started);
    tellStarter({ kind: 'ready' });
    await stopped;
  }
  try {
    await progress.step('stop', () => platform.stop());
  } catch (error) {
    // Whatever went wrong, no process may be left.
    platform.kill();
    throw error;
  }
  process.exit(0);
}

/** Answers at the first signal; a later one ends everything at once. */
function onSignal(platform: Platform, progress: Progress): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const receive = (): void => {
      const now = performance.now();
      if (firstAtMs === undefined) {
        firstAtMs = now;
        resolve();
      } else if (now - firstAtMs > sameSignalMs) {
        progress.line('! killed at once');
        platform.kill();
      }
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, receive);
    // Whoever started it in the background is gone before it was ready.
    if (startedDetached) process.once('disconnect', receive);
  });
}
