import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Every file of ours under a folder of the repository whose name ends so, sorted, as paths relative to the root. */
export function listFiles(folder, ending) {
  const absolute = join(root, folder);
  if (!existsSync(absolute)) return [];
  const found = [];
  for (const entry of readdirSync(absolute, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // The chart's tests install tools of their own beside them.
    if (entry.name === 'node_modules') continue;
    if (entry.isDirectory()) found.push(...listFiles(path, ending));
    else if (entry.name.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

export function hashFiles(paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of paths) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

/** What a stamp file says, or nothing. A stamp holds the hash of what its folder was made from. */
export function readStamp(path) {
  const absolute = join(root, path);
  return existsSync(absolute) ? readFileSync(absolute, 'utf8') : '';
}
