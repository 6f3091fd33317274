import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';

import { Failure } from '../failure.js';
import { repositoryRoot } from '../repository.js';
import { logTail, openLog } from './process-log.js';
import { openStateFolder } from './state-folder.js';

interface DetachedOptions {
  readonly stage: number;
  readonly port: number;
  readonly state: string;
  readonly json?: true;
  readonly wires?: true;
}

type Message =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'ready' };

/** True in a launcher that `up --detach` has started. */
export const startedDetached = process.send !== undefined;

/** Passes something on to the command that started this launcher, while that one still listens. */
export function tellStarter(message: Message): void {
  if (process.connected) process.send?.(message);
}

/** Starts the launcher in the background, shows its progress, and answers when all is ready. */
export async function startDetached({ stage, port, state, json, wires }: DetachedOptions): Promise<void> {
  const folder = openStateFolder(state);
  const logPath = join(folder.logsFolder, 'launcher.log');
  const log = openLog(logPath);
  const entry = join(repositoryRoot, 'bootstrap/cli.mjs');
  const args = [entry, 'up', '--stage', String(stage), '--port', String(port), '--state', folder.path];
  if (wires) args.push('--wires');
  const child = spawn(process.execPath, args, { stdio: ['ignore', log, log, 'ipc'], detached: true });
  closeSync(log);
  const show = (text: string): void => {
    (json ? process.stderr : process.stdout).write(`${text}\n`);
  };
  let failure: string | undefined;
  const ready = await new Promise<boolean>((resolve) => {
    child.on('message', (message: Message) => {
      if (message.kind === 'ready') resolve(true);
      else if (message.kind === 'failed') failure = message.text;
      else show(message.text);
    });
    child.once('exit', () => resolve(false));
    // Whoever interrupts the waiting does not want the platform either.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  });
  if (!ready) {
    throw new Failure(failure ?? `The platform did not start. The end of ${logPath}:\n${logTail(logPath)}`);
  }
  child.disconnect();
  child.unref();
}
