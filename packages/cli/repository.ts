import { resolve } from 'node:path';

/** The clone's folder: this file runs as dist/packages/cli/repository.js in it. */
export const repositoryRoot = resolve(import.meta.dirname, '../../..');

/** The topologies: the chart's values, and an overlay for each stage. */
export const chartFolder = resolve(repositoryRoot, 'charts/tristate');
