import type { Command } from 'commander';

import { addLabBase } from './lab-base.js';
import { addLabCache } from './lab-cache.js';
import { addLabCap } from './lab-cap.js';
import { addLabCommit } from './lab-commit.js';
import { addLabHeartbeat } from './lab-heartbeat.js';

export function addLab(program: Command): void {
  const lab = program.command('lab').description('experiments on the running shop, with what was measured');
  for (const add of [addLabBase, addLabCache, addLabCap, addLabCommit, addLabHeartbeat]) add(lab);
}
