/**
 * nginx's configuration as a pure function of the topology: the front door of the shop. Paths in it are
 * relative to the prefix that nginx is started with, so it needs no folder of the system's.
 */
import type { FrontDoorStrategy } from '#protocols/balancing/strategy.js';
import type { OverloadConfig } from '../config/process-config.js';
import {
  limitLines,
  limitLinesUnderPressure,
  limitZoneLines,
  looksForPressure,
  pressureLines,
} from './limits.js';
import { frontDoorProblems, problemBody } from './problems.js';
import { balancingKeyLines, upstreamLines, type UpstreamServer } from './upstream.js';

export interface FrontDoor {
  /** HOST:PORT, or a port alone. */
  readonly listen: string;
  readonly workers: number;
  /** Idle connections that each worker keeps to each service. */
  readonly upstreamKeepAlive: number;
  /** How long POST /api/orders may take by itself; nginx waits longer. */
  readonly orderDeadlineMs: number;
  readonly strategy: FrontDoorStrategy;
  /** How much each copy is given at once: what is beyond is refused here, where that costs least. Absent: nothing is. */
  readonly limits?: OverloadConfig;
  /** Every copy, by service. The monolith, where it runs, serves every route but those of the supervisor and of the search. */
  readonly upstreams: ReadonlyMap<string, readonly UpstreamServer[]>;
  /** EPOCH.VERSION of the view that this was made for, told at /healthz: so one sees from outside when it is in force. */
  readonly viewStamp?: string;
  /** The user that workers run as; only where nginx itself is started by root. */
  readonly workerUser?: string;
}

export const viewHeader = 'X-Front-Door-View';

export const bodyLimitBytes = 64 * 1024;

/** What an answer may take beyond the order's deadline before nginx gives up on a copy. */
const answerMarginMs = 4_000;

/** /control/invariants waits for transactions under way before it answers. */
const controlTimeoutMs = 60_000;

/** How long reading products may take, which needs one look into the cache or the database. */
const readTimeoutMs = 3_000;

/** When so much time has passed, a read that met a silent copy is given up; another copy may be silent, too. */
const nextCopyTimeoutMs = 4_000;

interface Route {
  readonly pattern: string;
  readonly service: string;
}

const routes: readonly Route[] = [
  { pattern: '^/api/(accounts|tokens)(/|$)', service: 'account' },
  { pattern: '^/api/products$', service: 'search' },
  { pattern: '^/api/products(/|$)', service: 'inventory' },
  { pattern: '^/api/(orders|docs|openapi\\.json)(/|$)', service: 'order' },
  { pattern: '^/control/database(/|$)', service: 'supervisor' },
  { pattern: '^/control/products(/|$)', service: 'inventory' },
  { pattern: '^/control(/|$)', service: 'registry' },
];

/** Those that run beside the monolith. Where there is no search, inventory answers for it. */
const besideMonolith = ['supervisor', 'search'];

/** What they are asked for takes a look into the cache, the database or an index. */
const readServices = ['inventory', 'search'];

export function renderFrontDoor(door: FrontDoor): string {
  const options = {
    strategy: door.strategy,
    keepAlive: door.upstreamKeepAlive,
    passiveChecks: !door.upstreams.has('registry'),
  };
  return [
    ...processLines(door),
    'http {',
    ...indent([
      ...httpLines(),
      ...limitZoneLines(door),
      ...balancingKeyLines(door.strategy),
      ...[...door.upstreams].flatMap(([service, servers]) => upstreamLines(service, servers, options)),
      ...serverLines(door),
    ]),
    '}',
    '',
  ].join('\n');
}

function processLines(door: FrontDoor): string[] {
  return [
    'daemon off;',
    ...(door.workerUser === undefined ? [] : [`user ${door.workerUser};`]),
    `worker_processes ${door.workers};`,
    'worker_rlimit_nofile 8192;',
    // A worker that has been told to go finishes its answers, but not for ever.
    'worker_shutdown_timeout 10s;',
    'pid nginx.pid;',
    'error_log stderr warn;',
    '',
    'events {',
    '  worker_connections 2048;',
    '}',
    '',
  ];
}

function httpLines(): string[] {
  return [
    'access_log off;',
    'server_tokens off;',
    'default_type application/octet-stream;',
    'tcp_nodelay on;',
    'keepalive_timeout 75s;',
    'keepalive_requests 100000;',
    '',
    '# A body is at most 64 KiB and an answer at most 256 KiB: both stay in memory.',
    `client_max_body_size ${bodyLimitBytes};`,
    `client_body_buffer_size ${bodyLimitBytes};`,
    'client_body_temp_path client-body;',
    'proxy_temp_path proxy;',
    'fastcgi_temp_path fastcgi;',
    'uwsgi_temp_path uwsgi;',
    'scgi_temp_path scgi;',
    'proxy_buffer_size 16k;',
    'proxy_buffers 16 16k;',
    'proxy_busy_buffers_size 64k;',
    'proxy_max_temp_file_size 0;',
    '',
    "# A caller's correlation id is taken over when it can do no harm in logs and headers.",
    'map $http_x_correlation_id $correlation_id {',
    '  "~^[A-Za-z0-9._:-]{1,64}$" $http_x_correlation_id;',
    '  default $request_id;',
    '}',
    '',
  ];
}

function serverLines(door: FrontDoor): string[] {
  return [
    'server {',
    ...indent([
      `listen ${door.listen};`,
      'server_name _;',
      '',
      ...pressureLines(door),
      ...proxyLines(),
      '',
      ...frontDoorProblems.map(({ from, status }) => `error_page ${from} =${status} /_problem/${from};`),
      '',
      'location = /healthz {',
      '  default_type application/json;',
      '  add_header X-Served-By front-door always;',
      '  add_header X-Correlation-Id $correlation_id always;',
      '  # How copies are chosen: who has changed it can see here when it is in force.',
      `  add_header X-Balancing ${door.strategy} always;`,
      ...(door.viewStamp === undefined ? [] : [`  add_header ${viewHeader} ${door.viewStamp} always;`]),
      `  return 200 '{"status":"ok"}';`,
      '}',
      '',
      ...routes.flatMap((route) => locationLines(door, route)),
      'location / {',
      '  return 404;',
      '}',
      ...frontDoorProblems.flatMap((problem) => [
        '',
        `location = /_problem/${problem.from} {`,
        '  internal;',
        '  default_type application/problem+json;',
        '  add_header X-Served-By front-door always;',
        '  add_header X-Correlation-Id $correlation_id always;',
        ...(problem.status === 503 ? ['  add_header Retry-After 1 always;'] : []),
        `  return ${problem.status} '${problemBody(problem)}';`,
        '}',
      ]),
    ]),
    '}',
  ];
}

function locationLines(door: FrontDoor, { pattern, service }: Route): string[] {
  const upstream = upstreamOf(service, door.upstreams);
  if (!door.upstreams.has(upstream)) return [];
  const proxied = proxiedLines(door, service, upstream);
  const isLimited = pattern.startsWith('^/api/');
  return [
    ...block(`location ~ "${pattern}"`, [
      ...proxied,
      ...(isLimited ? limitLines(door, service, upstream) : []),
    ]),
    ...(isLimited && looksForPressure(door)
      ? block(`location @${service}_under_pressure`, [
          ...proxied,
          ...limitLinesUnderPressure(door, service, upstream),
        ])
      : []),
  ];
}

function proxiedLines({ orderDeadlineMs }: FrontDoor, service: string, upstream: string): string[] {
  const isControl = service === 'registry' || service === 'supervisor';
  const orderTimeoutMs = orderDeadlineMs + answerMarginMs;
  const answerTimeoutMs = readServices.includes(service) ? readTimeoutMs : orderTimeoutMs;
  return [
    `proxy_pass http://${upstream};`,
    `proxy_read_timeout ${isControl ? controlTimeoutMs : answerTimeoutMs}ms;`,
    // What the control plane changes, DELETE included, is asked for once.
    ...(isControl && upstream !== 'monolith' ? ['proxy_next_upstream off;'] : []),
  ];
}

function block(head: string, lines: string[]): string[] {
  return [`${head} {`, ...indent(lines), '}', ''];
}

/** Where there is no registry, the control plane is in the process that takes orders. */
function upstreamOf(service: string, upstreams: FrontDoor['upstreams']): string {
  if (upstreams.has('monolith') && !besideMonolith.includes(service)) return 'monolith';
  return service === 'registry' && !upstreams.has('registry') ? 'order' : service;
}

function proxyLines(): string[] {
  return [
    'proxy_http_version 1.1;',
    'proxy_set_header Connection "";',
    'proxy_set_header Host $http_host;',
    'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    'proxy_set_header X-Correlation-Id $correlation_id;',
    'proxy_connect_timeout 1s;',
    'proxy_send_timeout 10s;',
    '# A call that may have reached a copy is sent to another only if it changes nothing: GET and HEAD, since',
    '# nginx leaves POST alone, and /control, the only place with another method, is not asked twice.',
    '# A copy that answers 503 is there: it has refused, and would be left alone for that, as if it had failed.',
    'proxy_next_upstream error timeout http_502;',
    'proxy_next_upstream_tries 2;',
    `proxy_next_upstream_timeout ${nextCopyTimeoutMs}ms;`,
  ];
}

function indent(lines: string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
