import { unpackedCompose } from './compose.js';
import type { Engine } from './engine.js';
import { installPackages, run, works } from './run.js';

/** In the official image the program is the entry point, and the file names its arguments alone. */
const withEntryPoint = 'prom/prometheus:v3.5.0';
/** The images that Dockerfile and docker-compose.yml name. */
const images = ['node:24-bookworm-slim', 'postgres:18', 'redis:8', 'nginx:1.29', withEntryPoint] as const;

const standIn = 'tristate-stand-in';

const pullTimeoutMs = 120_000;
const makeTimeoutMs = 900_000;

/** The Debian release that has all of the versions: Node 24, PostgreSQL 18, Redis 8, nginx 1.30, Prometheus 3.5, Compose 2. */
const release = 'forky';
const packages = [
  'postgresql-18',
  'nginx-light',
  'redis-server',
  'nodejs',
  'ca-certificates',
  'prometheus',
  'docker-compose',
];

/** Whether the images are the official ones, or stand-ins; undefined when there are neither. */
export type BaseImages = 'official' | 'stand-ins' | undefined;

/**
 * Has the images that the files name: pulled, or, where no registry can be reached, one image from Debian's packages that goes by
 * all their names. It has what the files rely on in the official ones: the programs, the users' numbers and who owns PostgreSQL's folder.
 */
export function provideBaseImages({ environment }: Engine): BaseImages {
  const isHere = (image: string): boolean => works('docker', ['image', 'inspect', image], environment);
  if (images.every(isHere)) return isHere(standIn) ? 'stand-ins' : 'official';
  if (images.every((image) => works('docker', ['pull', '--quiet', image], environment, pullTimeoutMs)))
    return 'official';
  if (!works('mmdebstrap', ['--version']) && !installPackages('mmdebstrap')) return undefined;
  if (
    !works(
      'bash',
      ['-c', `set -o pipefail; ${systemAsTar()} | ${importCommand()}`],
      environment,
      makeTimeoutMs,
    )
  )
    return undefined;
  for (const image of images) run('docker', ['tag', standIn, image], environment);
  const entryPoint = String.raw`FROM ${standIn}\nENTRYPOINT ["/usr/bin/prometheus"]\n`;
  run('bash', ['-c', `printf '${entryPoint}' | docker build --quiet --tag ${withEntryPoint} -`], environment);
  return 'stand-ins';
}

function importCommand(): string {
  const search = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/18/bin';
  const changes = [`ENV PATH=${search}`, 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'];
  return `docker import ${changes.map((change) => `--change '${change}'`).join(' ')} - ${standIn}`;
}

/** What writes the system to its output. `$1` is the system's root in what is done to it last. */
function systemAsTar(): string {
  const mirror = run('bash', ['-c', "apt-get indextargets --format '$(SITE)' | head -n 1"]).trim();
  const last = [
    'rm -rf "$1"/var/lib/postgresql/*',
    'chroot "$1" usermod -u 999 postgres',
    'chroot "$1" useradd -u 1000 -m node',
    'chown 999:999 "$1"/var/lib/postgresql',
    'install -d -o 65534 -g 65534 "$1"/prometheus',
    `mv "$1"/usr/libexec/docker/cli-plugins/docker-compose ${unpackedCompose}`,
    'mkdir -p "$1"/usr/lib/node_modules',
    'cp -a "$(npm root --global)/npm" "$1"/usr/lib/node_modules/',
    'ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$1"/usr/bin/npm',
    'cp /etc/ssl/certs/ca-certificates.crt "$1"/etc/ssl/certs/ca-certificates.crt',
  ];
  const options = [
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    // It is thrown away when it could not be finished.
    '--dpkgopt=force-unsafe-io',
    // A mirror may be a snapshot.
    `--aptopt='Acquire::Check-Valid-Until "false"'`,
    ...last.map((command) => `--customize-hook='${command}'`),
  ];
  return `mmdebstrap --quiet ${options.join(' ')} ${release} - ${mirror}`;
}
