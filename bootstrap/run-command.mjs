import { spawn } from 'node:child_process';

const OUTPUT_LIMIT_CHARACTERS = 20_000;

/** Runs a program to its end and answers its output; when it fails, throws an error that shows the output. */
export function runCommand(command, args, { cwd, env = process.env, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (chunk) => {
      output = (output + chunk).slice(-OUTPUT_LIMIT_CHARACTERS);
      onOutput?.(String(chunk));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Failure(`${command} ${args.join(' ')} ended with ${signal ?? code}`, output));
    });
  });
}

/** A failure that is told to the user as it is, without a stack. */
export class Failure extends Error {
  constructor(message, output = '') {
    super(output ? `${message}\n${output.trimEnd()}` : message);
    this.name = 'Failure';
  }
}

export function tell(error) {
  console.error(error?.name === 'Failure' ? `\n${error.message}` : error);
  process.exit(1);
}
