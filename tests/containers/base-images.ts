import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { engineFolder, type Engine } from './engine.js';
import { installPackages, run, works } from './run.js';

/** The images that Dockerfile and docker-compose.yml name. */
const images = ['node:24-bookworm-slim', 'postgres:18', 'redis:8', 'nginx:1.29'] as const;

const pullTimeoutMs = 120_000;

/** The Debian release that has all of the versions: Node 24, PostgreSQL 18, Redis 8, nginx 1.30. */
const release = 'forky';
const packages = ['postgresql-18', 'nginx-light', 'redis-server', 'nodejs', 'ca-certificates'];

/** Whether the images are the official ones, or stand-ins; undefined when there are neither. */
export type BaseImages = 'official' | 'stand-ins' | undefined;

/**
 * Has the images that the files name: pulled, or, where no registry can be reached, one image from Debian's packages that goes by
 * all four names. It has what the files rely on in the official ones: the programs, the users' numbers and who owns PostgreSQL's folder.
 */
export function provideBaseImages({ environment }: Engine): BaseImages {
  const isHere = (image: string): boolean => works('docker', ['image', 'inspect', image], environment);
  if (images.every(isHere)) return isHere('tristate-stand-in') ? 'stand-ins' : 'official';
  if (images.every((image) => works('docker', ['pull', '--quiet', image], environment, pullTimeoutMs)))
    return 'official';
  const folder = path.join(engineFolder, 'root');
  if (!makeSystem(folder)) return undefined;
  const search = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/18/bin';
  const changes = [`ENV PATH=${search}`, 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'];
  const options = changes.map((change) => `--change '${change}'`).join(' ');
  run('bash', ['-c', `tar -C ${folder} -c . | docker import ${options} - tristate-stand-in`], environment);
  for (const image of images) run('docker', ['tag', 'tristate-stand-in', image], environment);
  rmSync(folder, { recursive: true, force: true });
  return 'stand-ins';
}

function makeSystem(folder: string): boolean {
  if (!works('debootstrap', ['--version']) && !installPackages('debootstrap')) return false;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // A release that is younger than the machine's debootstrap is made as the one in which all releases begin.
  const scripts = '/usr/share/debootstrap/scripts';
  const script = existsSync(path.join(scripts, release)) ? release : 'sid';
  const include = `--include=${packages.join(',')}`;
  const mirror = run('bash', ['-c', "apt-get indextargets --format '$(SITE)' | head -n 1"]).trim();
  const options = ['--variant=minbase', include, release, folder, mirror, path.join(scripts, script)];
  if (!works('debootstrap', options, {}, 900_000)) return false;
  const steps = [
    'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*',
    'rm -rf "$1"/var/lib/postgresql/*',
    'chroot "$1" usermod -u 999 postgres',
    'chroot "$1" useradd -u 1000 -m node',
    'chown 999:999 "$1"/var/lib/postgresql',
    'mkdir -p "$1"/usr/lib/node_modules',
    'cp -a "$(npm root --global)/npm" "$1"/usr/lib/node_modules/',
    'ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$1"/usr/bin/npm',
    'cp /etc/ssl/certs/ca-certificates.crt "$1"/etc/ssl/certs/ca-certificates.crt',
  ];
  return works('bash', ['-ec', steps.join('\n'), '_', folder], {}, 120_000);
}
