import { InvalidArgumentError, Option } from 'commander';

import { defaultStateFolder } from './launcher/state-folder.js';

/** Reads a whole number between two bounds from the command line. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < lowest || value > highest) {
      throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
    }
    return value;
  };
}

export interface CommonOptions {
  readonly state: string;
  readonly json?: true;
}

export function stateOption(): Option {
  return new Option('--state <folder>', 'where the platform keeps its data, logs and secrets').default(
    defaultStateFolder,
    '.tristate in the repository',
  );
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}

export function printJson(content: unknown): void {
  process.stdout.write(`${JSON.stringify(content, null, 2)}\n`);
}

/** What has to be added to a command for it to find this platform; nothing for the default folder. */
export function stateArgument(path: string): string {
  if (path === defaultStateFolder) return '';
  return ` --state ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
}
