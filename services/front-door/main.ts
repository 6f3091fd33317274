import { setTimeout as delay } from 'node:timers/promises';
import { readFrontDoorConfig, type FrontDoorConfig } from '#platform/config/front-door-config.js';
import { createLogger } from '#platform/logging/logger.js';
import { ViewWatcher } from '#platform/membership/view-watcher.js';
import { acceptView, type View } from '#platform/membership/view.js';
import { renderFrontDoor, type FrontDoor } from '#platform/nginx/front-door.js';
import { servicesUnderPressure } from '#platform/nginx/limits.js';
import { PressureFiles } from '#platform/nginx/pressure-files.js';
import { followView } from '#platform/nginx/upstreams-of-view.js';
import { fullWeight } from '#protocols/balancing/strategy.js';
import { withAddresses } from './domain/with-addresses.js';
import { ConfigurationFile } from './storage/configuration-file.js';
import { Names } from './storage/names.js';

/** A reload starts new workers: not more often than this. */
const lookEveryMs = 500;

/**
 * Keeps the configuration of an nginx that runs in a container of its own: rendered by the same code as on one machine, from
 * what the registry knows. nginx goes on with what it has when this process ends. It is not asked beforehand whether it would take the
 * configuration, as on one machine: at the signal it keeps the one that it has when it would not.
 */
async function follow(config: FrontDoorConfig): Promise<void> {
  const logger = createLogger({ name: 'front-door', service: 'front-door', logLevel: 'info' });
  const file = new ConfigurationFile(config.folder);
  const pressure = new PressureFiles(config.folder);
  const names = new Names();
  const planned: FrontDoor = {
    ...config,
    upstreams: new Map(
      [...config.upstreams].map(([service, addresses]) => [
        service,
        addresses.map((address) => ({ address, weight: fullWeight })),
      ]),
    ),
  };
  let view: View | undefined;
  if (config.registry !== undefined && !config.once) {
    const watcher = new ViewWatcher({
      ...config.registry,
      // What was heard last holds while the registry is away.
      take: (told) => {
        view = acceptView(view, told);
      },
    });
    void watcher.run();
  }
  for (;;) {
    const door: FrontDoor = view === undefined ? planned : followView({ ...config, planned }, view);
    const upstreams = await withAddresses(door.upstreams, (address) => names.resolve(address));
    if (file.update(renderFrontDoor({ ...door, upstreams })))
      logger.info({ upstreams: Object.fromEntries(upstreams) }, 'nginx is told');
    pressure.update(servicesUnderPressure(door));
    if (config.once) return;
    await delay(lookEveryMs);
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
try {
  await follow(readFrontDoorConfig());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
