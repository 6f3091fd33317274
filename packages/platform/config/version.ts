import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** dist/packages/platform/config, and the bundles, are four folders below the project. */
const packageJson = new URL('../../../../package.json', import.meta.url);

/** Of the shop's code, as package.json names it. */
export function readVersion(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageJson, 'utf8'))).version;
}
