import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

import { listFiles, root } from './folders.mjs';

/** Where the launcher finds the services. As deep as dist/packages/platform/*, which look for files from there. */
export const BUNDLES = 'dist/bundle/services';

/** Packages that Nest loads only where they are installed, and some that look for files beside their own. */
const EXTERNAL = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@nestjs/websockets/*',
  'class-transformer',
  'class-transformer/*',
  'class-validator',
  'grpc-health-check',
  'node-pg-migrate',
  'pg-native',
  'swagger-ui-dist',
];

/**
 * Puts every service and the packages that it uses into a few files. A service consists of a thousand modules,
 * and on Node 20 loading them one by one takes more than half of the time in which eight processes start.
 */
export async function bundleServices() {
  const next = 'dist/bundle/next';
  rmSync(join(root, next), { recursive: true, force: true });
  const names = listFiles('dist/services', 'main.js').map((path) => path.split(/[/\\]/)[2]);
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/main`, `dist/services/${name}/main.js`])),
    outdir: next,
    chunkNames: 'shared/[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Nest tells classes apart by their names, and stack traces should lead to the sources.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    external: EXTERNAL,
    // CommonJS packages inside a bundle ask for Node's own modules with `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'silent',
  });
  rmSync(join(root, BUNDLES), { recursive: true, force: true });
  renameSync(join(root, next), join(root, BUNDLES));
}
