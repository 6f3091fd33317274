/**
 * nginx's configuration as a pure function of the topology: the front door of the shop. Paths in it are
 * relative to the prefix that nginx is started with, so it needs no folder of the system's.
 */
import { frontDoorProblems, problemBody } from './problems.js';

export interface FrontDoor {
  /** HOST:PORT, or a port alone. */
  readonly listen: string;
  readonly workers: number;
  /** Idle connections that each worker keeps to each service. */
  readonly upstreamKeepAlive: number;
  /** How long POST /api/orders may take by itself; nginx waits longer. */
  readonly orderDeadlineMs: number;
  /** HOST:PORT of every copy, by service. The monolith, where it runs, serves every route. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  /** The user that workers run as; only where nginx itself is started by root. */
  readonly workerUser?: string;
}

export const bodyLimitBytes = 64 * 1024;

/** What an answer may take beyond the order's deadline before nginx gives up on a copy. */
const answerMarginMs = 8_000;

/** /control/invariants waits for transactions under way before it answers. */
const controlTimeoutMs = 60_000;

/** How long a copy that failed is left alone. Short, since the supervisor brings it back within a second. */
const failTimeoutSeconds = 1;

const routes: ReadonlyArray<{ pattern: string; service: string }> = [
  { pattern: '^/api/(accounts|tokens)(/|$)', service: 'account' },
  { pattern: '^/api/products(/|$)', service: 'inventory' },
  { pattern: '^/api/(orders|docs|openapi\\.json)(/|$)', service: 'order' },
  { pattern: '^/control(/|$)', service: 'registry' },
];

export function renderFrontDoor(door: FrontDoor): string {
  return [
    ...processLines(door),
    'http {',
    ...indent([
      ...httpLines(),
      ...[...door.upstreams].flatMap(([service, addresses]) => upstreamLines(door, service, addresses)),
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

function upstreamLines(door: FrontDoor, service: string, addresses: readonly string[]): string[] {
  return [
    `upstream ${service} {`,
    ...indent([
      `zone ${service} 64k;`,
      ...addresses.map((address) => `server ${address} max_fails=1 fail_timeout=${failTimeoutSeconds}s;`),
      `keepalive ${door.upstreamKeepAlive};`,
      '# Shorter than the 72 s after which a service closes an idle connection, or a call could meet its end.',
      'keepalive_timeout 30s;',
      'keepalive_requests 100000;',
    ]),
    '}',
    '',
  ];
}

function serverLines(door: FrontDoor): string[] {
  const orderTimeoutMs = door.orderDeadlineMs + answerMarginMs;
  const locations = routes.flatMap(({ pattern, service }) => {
    const upstream = door.upstreams.has('monolith') ? 'monolith' : service;
    const timeoutMs = service === 'registry' ? controlTimeoutMs : orderTimeoutMs;
    if (!door.upstreams.has(upstream)) return [];
    return [
      `location ~ "${pattern}" {`,
      `  proxy_pass http://${upstream};`,
      `  proxy_read_timeout ${timeoutMs}ms;`,
      '}',
      '',
    ];
  });
  return [
    'server {',
    ...indent([
      `listen ${door.listen};`,
      'server_name _;',
      '',
      ...proxyLines(),
      '',
      ...frontDoorProblems.map(({ from, status }) => `error_page ${from} =${status} /_problem/${from};`),
      '',
      'location = /healthz {',
      '  default_type application/json;',
      '  add_header X-Served-By front-door always;',
      '  add_header X-Correlation-Id $correlation_id always;',
      `  return 200 '{"status":"ok"}';`,
      '}',
      '',
      ...locations,
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
        `  return ${problem.status} '${problemBody(problem)}';`,
        '}',
      ]),
    ]),
    '}',
  ];
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
    '# nginx leaves POST alone and the shop has no other method that a client repeats safely.',
    'proxy_next_upstream error timeout http_502 http_503;',
    'proxy_next_upstream_tries 2;',
  ];
}

function indent(lines: string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
