import { spawnSync } from 'node:child_process';
import { root } from '../chart/tools.js';
import type { Compose } from './compose.js';
import type { Engine } from './engine.js';
import { run } from './run.js';

const project = 'tristate-test';

interface ContainersOptions {
  readonly engine: Engine;
  readonly composeCommand: Compose;
  readonly ports: { readonly shop: number; readonly prometheus: number };
}

/** docker-compose.yml under a name and ports of the test's own. */
export class Containers {
  private readonly environment: Record<string, string>;
  private readonly composeCommand: Compose;
  readonly url: string;
  readonly prometheusUrl: string;

  constructor({ engine, composeCommand, ports }: ContainersOptions) {
    this.environment = {
      ...engine.environment,
      TRISTATE_PORT: String(ports.shop),
      TRISTATE_PROMETHEUS_PORT: String(ports.prometheus),
    };
    this.composeCommand = composeCommand;
    this.url = `http://127.0.0.1:${ports.shop}`;
    this.prometheusUrl = `http://127.0.0.1:${ports.prometheus}`;
  }

  up(): void {
    this.compose('up', '--detach', '--no-build');
  }

  /** Starts one service of a profile beside those that run. */
  upOf(profile: string, service: string): void {
    this.compose('--profile', profile, 'up', '--detach', '--no-build', '--no-deps', service);
  }

  /** Leaves nothing behind, also of a run that was cut off. */
  down(): void {
    this.compose('--profile', 'observability', 'down', '--volumes', '--remove-orphans', '--timeout', '10');
  }

  read(service: string, file: string): string {
    return this.compose('exec', '-T', service, 'cat', file).trim();
  }

  kill(service: string): void {
    this.docker('kill', this.id(service));
  }

  start(service: string): void {
    this.docker('start', this.id(service));
  }

  /** @returns the exit code of a container that was asked to stop */
  stop(service: string): number {
    const id = this.id(service);
    this.docker('stop', '--time', '20', id);
    return Number(this.docker('inspect', '--format', '{{.State.ExitCode}}', id));
  }

  inspect(): { name: string; hardened: boolean; user: string; published: string[] }[] {
    const ids = this.compose('ps', '-q')
      .split('\n')
      .filter((line) => line !== '');
    const all = JSON.parse(this.docker('inspect', ...ids)) as {
      Name: string;
      Config: { User: string };
      HostConfig: {
        ReadonlyRootfs: boolean;
        CapDrop: string[] | null;
        PortBindings: Record<string, { HostIp: string }[]> | null;
      };
    }[];
    return all.map(({ Name, Config, HostConfig }) => ({
      name: Name.slice(1),
      hardened: HostConfig.ReadonlyRootfs && HostConfig.CapDrop?.includes('ALL') === true,
      user: Config.User,
      published: Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) =>
        bindings.map(({ HostIp }) => HostIp),
      ),
    }));
  }

  logs(): string {
    const [command, ...args] = this.composeCommand;
    const { stdout } = spawnSync(command, [...args, '-p', project, 'logs', '--no-color', '--tail=20'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...this.environment },
    });
    return stdout;
  }

  private id(service: string): string {
    return this.compose('ps', '--all', '-q', service).trim();
  }

  private compose(...args: string[]): string {
    const [command, ...before] = this.composeCommand;
    return run(command, [...before, '--project-directory', root, '-p', project, ...args], this.environment);
  }

  private docker(...args: string[]): string {
    return run('docker', args, this.environment);
  }
}
