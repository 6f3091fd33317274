import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from '#platform/http/openapi.js';
import { publicPaths } from './monolith.module.js';

// Run by the build: every process that serves the API's description serves this file.
const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
const target = new URL('../../openapi.json', import.meta.url);
writeFileSync(target, JSON.stringify(openApiDocument(version, publicPaths)));
