import path from 'node:path';
import { engineFolder, type Engine } from './engine.js';
import { installPackages, run, works } from './run.js';

/** How Compose is called. */
export type Compose = readonly [string, ...string[]];

/** Compose v2 of the Debian release that the stand-ins are made of, beside the engine; it needs no newer system. */
export const unpackedCompose = path.join(engineFolder, 'docker-compose');

/** Every Compose that is here or can be installed; v2 before v1. */
export function findComposes({ environment }: Engine): Compose[] {
  const second = [['docker', 'compose'] as const, [unpackedCompose] as const].find(([command, ...args]) =>
    works(command, [...args, 'version'], environment),
  );
  const isHere = works('docker-compose', ['version']) || installPackages('docker-compose');
  return [...(second === undefined ? [] : [second]), ...(isHere ? [['docker-compose'] as const] : [])];
}

export function versionOf([command, ...args]: Compose): string {
  return run(command, [...args, 'version', '--short']).trim();
}
