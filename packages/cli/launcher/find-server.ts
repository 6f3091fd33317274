import { findProgram } from '#bootstrap/system-parts.mjs';

import { Failure } from '../failure.js';

/** The path of one of the system's servers. */
export function findServer(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Failure(`${name} is missing. \`npm start\` installs it, or says how.`);
  return path;
}
