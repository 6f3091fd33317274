import { fullWeight, type FrontDoorStrategy } from '#protocols/balancing/strategy.js';
import { shareOf, type Target } from '#protocols/balancing/target.js';

/** One copy of a service, as nginx is to see it. */
export interface UpstreamServer extends Target {
  /** It stays in the list and is given nothing: so the hash strategies leave the clients of all others where they are. */
  readonly down?: boolean;
  /** It is asked for more than it can do in time. */
  readonly underPressure?: boolean;
}

interface UpstreamOptions {
  readonly strategy: FrontDoorStrategy;
  /** Idle connections that each worker keeps to the service. */
  readonly keepAlive: number;
  /**
   * Whether a copy that failed is left alone for a moment. Not where the registry says who is dead: to nginx a slow answer is a
   * failure, so that a burst which makes all copies slow for a moment would close the shop.
   */
  readonly passiveChecks: boolean;
}

/** How long a copy that failed is left alone. Short, since the supervisor brings it back within a second. */
const failTimeoutSeconds = 1;

/** nginx gives a server 160 points on the ring for each unit of weight: 10 are enough to scale by, 100 would cost memory. */
const hashUnitsAtFullWeight = 10;

/** The group of copies that answers for `service`. */
export function upstreamLines(
  service: string,
  servers: readonly UpstreamServer[],
  { strategy, keepAlive, passiveChecks }: UpstreamOptions,
): string[] {
  const weights = weightsOf(servers, strategy);
  return [
    `upstream ${service} {`,
    `  zone ${service} 64k;`,
    ...(servers.length > 1 ? methodLines(strategy).map((line) => `  ${line}`) : []),
    ...servers.map(({ address, down }, index) => {
      const weight = weights[index] ?? 1;
      const options = [
        ...(weight === 1 ? [] : [`weight=${weight}`]),
        ...(passiveChecks ? ['max_fails=1', `fail_timeout=${failTimeoutSeconds}s`] : ['max_fails=0']),
        ...(down === true ? ['down'] : []),
      ];
      return `  server ${address} ${options.join(' ')};`;
    }),
    `  keepalive ${keepAlive};`,
    '  # Shorter than the 72 s after which a service closes an idle connection, or a call could meet its end.',
    '  keepalive_timeout 30s;',
    '  keepalive_requests 100000;',
    '}',
    '',
  ];
}

function methodLines(strategy: FrontDoorStrategy): string[] {
  switch (strategy) {
    case 'round-robin':
    case 'weighted':
      return [];
    case 'least-conn':
      return ['least_conn;'];
    case 'ip-hash':
      return [
        "# nginx's own ip_hash looks at the first three numbers of an IPv4 address: all of 127.0.0.x would be one client.",
        'hash $binary_remote_addr;',
      ];
    case 'consistent-hash':
      return ['hash $balancing_key consistent;'];
    case 'random-two':
      return ['random two least_conn;'];
  }
}

/** What stands before the upstreams: who a request is from, for `consistent-hash`. */
export function balancingKeyLines(strategy: FrontDoorStrategy): string[] {
  if (strategy !== 'consistent-hash') return [];
  return [
    `# A token's payload begins with {"sub":"<account>", which is 45 bytes: 60 characters of base64 that are the same in`,
    '# every token of an account. Who has no token is known by the address. Nothing is checked here: a forged token leads',
    '# to a copy, which refuses it.',
    'map $http_authorization $balancing_key {',
    String.raw`  "~^[Bb]earer [A-Za-z0-9_-]+\.(?<account_of_token>eyJzdWIiOi[A-Za-z0-9_-]{50})" $account_of_token;`,
    '  default $remote_addr;',
    '}',
    '',
  ];
}

/**
 * The weights as small integers. Under the hash strategies they do not depend on each other: a unit that changed with the other
 * copies' weights would move clients that have nothing to do with it.
 */
function weightsOf(servers: readonly UpstreamServer[], strategy: FrontDoorStrategy): number[] {
  const shares = servers.map((server) => Math.max(1, Math.round(shareOf(server, strategy))));
  if (strategy === 'ip-hash' || strategy === 'consistent-hash') {
    return shares.map((share) => Math.max(1, Math.round((share * hashUnitsAtFullWeight) / fullWeight)));
  }
  const unit = shares.reduce(greatestCommonDivisor, 0);
  return shares.map((share) => share / unit);
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
