import { InvalidArgumentError } from 'commander';

import { parseFault, type WrittenFault } from './fault-syntax.js';

/** Collects the faults of a command line. */
export function faultArgument(text: string, before: readonly WrittenFault[] = []): readonly WrittenFault[] {
  const parsed = parseFault(text);
  if (!parsed.ok) {
    throw new InvalidArgumentError(`${parsed.problem} (npx tristate fault points lists all)`);
  }
  return [...before, parsed.fault];
}
