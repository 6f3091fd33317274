import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * The configuration of one service process. This is the only place of the services that reads the
 * environment: it is parsed once, typed and frozen, and a process with a bad key does not start.
 */
export interface ProcessConfig {
  readonly service: ServiceName;
  /** Name of this process, for example `order-1`; answered in X-Served-By. */
  readonly name: string;
  /** 1 to 10. */
  readonly stage: number;
  readonly http: Address;
  /** Absent where the services share one process and call each other in it. */
  readonly grpc: Address | undefined;
  readonly database: DatabaseConfig | undefined;
  /** Absent in the stages before the cache. */
  readonly redisUrl: string | undefined;
  /** gRPC addresses of the other services' processes. */
  readonly peers: ReadonlyMap<ServiceName, readonly string[]>;
  readonly order: { readonly protocol: ProtocolName; readonly deadlineMs: number };
  readonly topology: Topology | undefined;
  readonly secrets: Secrets;
  readonly logLevel: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseConfig {
  /** Holds the password: never to be logged. */
  readonly connectionString: string;
  readonly poolSize: number;
}

export interface Secrets {
  /** Signs users' bearer tokens. */
  readonly tokenKey: string;
  /** Proves to a gRPC server that the caller is one of the platform's processes. */
  readonly serviceKey: string;
  readonly adminToken: string;
}

export const serviceNames = ['account', 'inventory', 'order', 'coordinator', 'registry', 'monolith'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The commit protocols that a caller may ask for. */
export const protocolNames = ['saga', '2pc', 'none'] as const;
export type ProtocolName = (typeof protocolNames)[number];

const topologySchema = z.strictObject({
  stage: z.int().min(1).max(10),
  url: z.string(),
  processes: z.array(z.strictObject({ name: z.string(), service: z.string(), httpAddress: z.string() })),
});

/** What runs where, as the launcher (or the chart) planned it. */
export type Topology = z.infer<typeof topologySchema>;

const address = z
  .string()
  .regex(/^[^:\s]+:\d{1,5}$/, 'must be HOST:PORT')
  .transform((text) => {
    const [host = '', port = ''] = text.split(':');
    return { host, port: Number(port) };
  })
  .refine(({ port }) => port >= 1 && port <= 65535, 'the port must be 1 to 65535');

const peers = z.string().transform((text, context) => {
  const map = new Map<ServiceName, string[]>();
  for (const part of text.split(';').filter((part) => part !== '')) {
    const [name, addresses = ''] = part.split('=', 2);
    const service = serviceNames.find((known) => known === name);
    if (service === undefined || addresses === '') {
      context.addIssue({ code: 'custom', message: `"${part}" is not SERVICE=HOST:PORT,HOST:PORT` });
      return z.NEVER;
    }
    map.set(service, addresses.split(','));
  }
  return map;
});

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

const environmentSchema = z.object({
  TRISTATE_SERVICE: z.enum(serviceNames),
  TRISTATE_NAME: z.string().regex(/^[a-z0-9.-]{1,63}$/),
  TRISTATE_STAGE: z.coerce.number().int().min(1).max(10),
  TRISTATE_HTTP_ADDRESS: address,
  TRISTATE_GRPC_ADDRESS: address.optional(),
  TRISTATE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TRISTATE_DATABASE_PASSWORD_FILE: z.string().optional(),
  TRISTATE_DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(8),
  TRISTATE_REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  TRISTATE_SECRETS_DIR: z.string().min(1),
  TRISTATE_PEERS: peers.default(new Map()),
  TRISTATE_ORDER_PROTOCOL: z.enum(protocolNames).default('saga'),
  TRISTATE_ORDER_DEADLINE_MS: z.coerce.number().int().min(50).max(60_000).default(2000),
  TRISTATE_TOPOLOGY: json.pipe(topologySchema).optional(),
  TRISTATE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/**
 * Reads and checks the configuration of a process of `service`.
 *
 * @throws Error whose message names every bad key and every secret that is missing.
 */
export function readProcessConfig(
  service: ServiceName,
  environment: Record<string, string | undefined> = process.env,
): ProcessConfig {
  const parsed = environmentSchema.safeParse({ TRISTATE_SERVICE: service, ...environment });
  if (!parsed.success) {
    const bad = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration is wrong:\n${bad.join('\n')}`);
  }
  const env = parsed.data;
  if (env.TRISTATE_SERVICE !== service) {
    throw new Error(`TRISTATE_SERVICE is ${env.TRISTATE_SERVICE}, but this is the ${service} process`);
  }
  return Object.freeze({
    service,
    name: env.TRISTATE_NAME,
    stage: env.TRISTATE_STAGE,
    http: env.TRISTATE_HTTP_ADDRESS,
    grpc: env.TRISTATE_GRPC_ADDRESS,
    database: databaseConfig(env),
    redisUrl: env.TRISTATE_REDIS_URL,
    peers: env.TRISTATE_PEERS,
    order: { protocol: env.TRISTATE_ORDER_PROTOCOL, deadlineMs: env.TRISTATE_ORDER_DEADLINE_MS },
    topology: env.TRISTATE_TOPOLOGY,
    secrets: {
      tokenKey: readSecret(env.TRISTATE_SECRETS_DIR, 'token-key'),
      serviceKey: readSecret(env.TRISTATE_SECRETS_DIR, 'service-key'),
      adminToken: readSecret(env.TRISTATE_SECRETS_DIR, 'admin-token'),
    },
    logLevel: env.TRISTATE_LOG_LEVEL,
  });
}

function databaseConfig(env: z.infer<typeof environmentSchema>): DatabaseConfig | undefined {
  if (env.TRISTATE_DATABASE_URL === undefined) return undefined;
  if (env.TRISTATE_DATABASE_PASSWORD_FILE === undefined) {
    throw new Error(
      'TRISTATE_DATABASE_PASSWORD_FILE is missing: the file that holds the password of the database',
    );
  }
  const url = new URL(env.TRISTATE_DATABASE_URL);
  url.password = encodeURIComponent(readFileSync(env.TRISTATE_DATABASE_PASSWORD_FILE, 'utf8').trim());
  return {
    connectionString: url.href,
    poolSize: env.TRISTATE_DATABASE_POOL_SIZE,
  };
}

/** A secret shorter than this was typed by a person, not generated. */
const minSecretLength = 32;

function readSecret(directory: string, name: string): string {
  const path = join(directory, name);
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Error(`The secret ${path} cannot be read`, { cause });
  }
  if (secret.length < minSecretLength) {
    throw new Error(
      `The secret ${path} is shorter than ${minSecretLength} characters; generate a random one`,
    );
  }
  return secret;
}
