type Heal = () => void | Promise<void>;

const exitCodeOfInterrupt = 130;

/**
 * Runs work that breaks things, and mends them whatever becomes of it, the latest first: also when the work fails and at
 * Ctrl-C. What is handed to `mendLater` must do no harm when the thing was mended already.
 */
export async function withHealing<T>(work: (mendLater: (heal: Heal) => void) => Promise<T>): Promise<T> {
  const heals: Heal[] = [];
  const mend = async (): Promise<void> => {
    for (const heal of heals.splice(0).reverse()) {
      try {
        await heal();
      } catch (error) {
        process.stderr.write(`! ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  };
  const interrupted = (): void => void mend().finally(() => process.exit(exitCodeOfInterrupt));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await work((heal) => heals.push(heal));
  } finally {
    await mend();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}
