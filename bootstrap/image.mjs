// Puts what the container image needs of a build into one folder: the bundles, and the files that they look for.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { listFiles, root } from './folders.mjs';

const target = join(root, 'dist/image');
rmSync(target, { recursive: true, force: true });
const files = [
  'package.json',
  'LICENSE',
  'dist/openapi.json',
  ...listFiles('dist/bundle/services', ''),
  ...listFiles('services', '.sql'),
];
for (const file of files) {
  mkdirSync(dirname(join(target, file)), { recursive: true });
  cpSync(join(root, file), join(target, file));
}
