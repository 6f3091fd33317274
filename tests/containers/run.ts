import { execFileSync, spawnSync } from 'node:child_process';

/** Runs a program to its end; its output goes to the terminal's error stream when it takes part in what a person waits for. */
export function run(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Whether a program ends well; nothing of it is seen. */
export function works(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  timeoutMs = 60_000,
): boolean {
  const { status } = spawnSync(command, args, {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
    timeout: timeoutMs,
  });
  return status === 0;
}

/** Installs packages of Debian's whose servers must not start by themselves. */
export function installPackages(...names: string[]): boolean {
  const policy = '/usr/sbin/policy-rc.d';
  const install = [
    `[ -e ${policy} ] || { printf '#!/bin/sh\\nexit 101\\n' > ${policy}; chmod 755 ${policy}; trap 'rm -f ${policy}' EXIT; }`,
    'apt-get update -q',
    `apt-get install -q -y --no-install-recommends ${names.join(' ')}`,
  ].join('\n');
  return works('bash', ['-c', install], { DEBIAN_FRONTEND: 'noninteractive' }, 600_000);
}
