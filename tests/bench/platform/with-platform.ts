import { BenchPlatform, type BenchPlatformOptions } from './bench-platform.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Lends a platform to `work`, and stops it in whatever way that ends; a signal stops it too. */
export async function withPlatform(
  options: BenchPlatformOptions,
  work: (platform: BenchPlatform) => Promise<void>,
): Promise<void> {
  const platform = new BenchPlatform(await BenchPlatform.findPort(), options);
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
    options.progress.line('! interrupted');
    void platform.stop().finally(() => process.exit(1));
  };
  for (const name of signals) process.once(name, onSignal);
  try {
    await platform.start();
    await work(platform);
  } catch (error) {
    if (!interrupted) options.progress.line(`! failed; the logs are kept in ${platform.keepLogs()}`);
    throw error;
  } finally {
    await options.progress.step('stop', () => platform.stop());
    for (const name of signals) process.removeListener(name, onSignal);
  }
}
