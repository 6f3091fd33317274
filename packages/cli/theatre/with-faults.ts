import type { ControlClient, FaultRequest } from '../control-client.js';

/** Sets a fault that is cleared when the work is over. */
export type SetFault = (fault: FaultRequest) => Promise<void>;

const exitCodeOfInterrupt = 130;

/** Runs work under faults, and clears them whatever becomes of it: also when it fails and at Ctrl-C. */
export async function withFaults<T>(
  control: ControlClient,
  work: (setFault: SetFault) => Promise<T>,
): Promise<T> {
  const ids: string[] = [];
  const clear = async (): Promise<void> => {
    const results = await Promise.allSettled(ids.splice(0).map((id) => control.clearFault(id)));
    for (const result of results) {
      if (result.status === 'rejected') {
        process.stderr.write(`${String(result.reason)}; it ends by itself when its time to live is over.\n`);
      }
    }
  };
  const interrupted = (): void => void clear().finally(() => process.exit(exitCodeOfInterrupt));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await work(async (fault) => {
      ids.push(await control.addFault(fault));
    });
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await clear();
  }
}
