import { readFileSync } from 'node:fs';

import { ViewWatcher } from '#platform/membership/view-watcher.js';
import { FrontDoorFollower } from '#platform/nginx/front-door-follower.js';
import type { FrontDoor } from '#platform/nginx/front-door.js';

import { nginxOf } from './nginx.js';
import type { StateFolder } from './state-folder.js';
import type { ProcessPlan } from './supervisor.js';

interface FrontDoorWatchParts {
  readonly nginx: ProcessPlan;
  readonly planned: FrontDoor;
  readonly keepShare: number;
  readonly registryPort: number;
  readonly state: StateFolder;
  /** Has nginx read its configuration again. */
  readonly reload: () => void;
  readonly onLine: (text: string) => void;
}

/** Follows the registry for nginx, from the launcher: nginx itself knows nothing of registries. */
export function watchFrontDoor(parts: FrontDoorWatchParts): { close(): void } {
  const { nginx, planned, keepShare, registryPort, state, reload, onLine } = parts;
  const follower = new FrontDoorFollower({ planned, keepShare, nginx: nginxOf(nginx, reload), onLine });
  const watcher = new ViewWatcher({
    url: `http://127.0.0.1:${registryPort}`,
    adminToken: readFileSync(state.adminTokenPath, 'utf8').trim(),
    take: (view) => follower.take(view),
  });
  void watcher.run();
  return {
    close: () => {
      watcher.close();
      follower.close();
    },
  };
}
