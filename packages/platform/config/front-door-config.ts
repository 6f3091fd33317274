import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { frontDoorStrategies, type FrontDoorStrategy } from '#protocols/balancing/strategy.js';
import type { OverloadConfig } from './process-config.js';

/** The configuration of the process that writes nginx's configuration where nginx runs in a container of its own. */
export interface FrontDoorConfig {
  /** The folder that nginx is started with, shared with its container. */
  readonly folder: string;
  /** Write one configuration and end: what nginx starts with. */
  readonly once: boolean;
  /** HOST:PORT, or a port alone. */
  readonly listen: string;
  readonly workers: number;
  readonly upstreamKeepAlive: number;
  readonly orderDeadlineMs: number;
  readonly strategy: FrontDoorStrategy;
  readonly limits: OverloadConfig;
  /** 0 to 1: the share of a service's members below which nobody is left out as dead. */
  readonly keepShare: number;
  /** HOST:PORT of every planned copy, by service. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  /** Who knows which copies there are; absent in the stages before the registry. */
  readonly registry: { readonly url: string; readonly adminToken: string } | undefined;
}

const addresses = z.string().transform((text, context) => {
  const map = new Map<string, string[]>();
  for (const part of text.split(';').filter((part) => part !== '')) {
    const match = /^([a-z][a-z-]*)=([^\s=]+)$/.exec(part);
    const copies = match?.[2]?.split(',') ?? [];
    if (match?.[1] === undefined || !copies.every((copy) => /^[^:\s]+:\d{1,5}$/.test(copy))) {
      context.addIssue({ code: 'custom', message: `"${part}" is not SERVICE=HOST:PORT,HOST:PORT` });
      return z.NEVER;
    }
    map.set(match[1], copies);
  }
  return map;
});

const environmentSchema = z.object({
  TRISTATE_FRONT_DOOR_FOLDER: z.string().min(1),
  TRISTATE_FRONT_DOOR_ONCE: z.enum(['yes', 'no']).default('no'),
  TRISTATE_FRONT_DOOR_LISTEN: z.string().regex(/^([^:\s]+:)?\d{1,5}$/, 'must be HOST:PORT or a port'),
  TRISTATE_FRONT_DOOR_WORKERS: z.coerce.number().int().min(1).max(64).default(2),
  TRISTATE_FRONT_DOOR_UPSTREAM_KEEP_ALIVE: z.coerce.number().int().min(1).max(1024).default(128),
  TRISTATE_FRONT_DOOR_STRATEGY: z.enum(frontDoorStrategies).default('round-robin'),
  TRISTATE_FRONT_DOOR_UPSTREAMS: addresses,
  TRISTATE_HEARTBEAT_KEEP_SHARE: z.coerce.number().min(0).max(1).default(0.5),
  TRISTATE_ORDER_DEADLINE_MS: z.coerce.number().int().min(50).max(60_000).default(2000),
  TRISTATE_OVERLOAD: z.enum(['on', 'off']).default('on'),
  TRISTATE_OVERLOAD_ORDERS_UNDER_WAY: z.coerce.number().int().min(1).max(100_000).default(72),
  TRISTATE_OVERLOAD_READS_UNDER_WAY: z.coerce.number().int().min(1).max(100_000).default(96),
  TRISTATE_REGISTRY_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRISTATE_SECRETS_DIR: z.string().min(1),
});

/** @throws Error whose message names every bad key and a secret that is missing */
export function readFrontDoorConfig(
  environment: Record<string, string | undefined> = process.env,
): FrontDoorConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const bad = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration is wrong:\n${bad.join('\n')}`);
  }
  const env = parsed.data;
  const url = env.TRISTATE_REGISTRY_URL;
  return Object.freeze({
    folder: env.TRISTATE_FRONT_DOOR_FOLDER,
    once: env.TRISTATE_FRONT_DOOR_ONCE === 'yes',
    listen: env.TRISTATE_FRONT_DOOR_LISTEN,
    workers: env.TRISTATE_FRONT_DOOR_WORKERS,
    upstreamKeepAlive: env.TRISTATE_FRONT_DOOR_UPSTREAM_KEEP_ALIVE,
    orderDeadlineMs: env.TRISTATE_ORDER_DEADLINE_MS,
    strategy: env.TRISTATE_FRONT_DOOR_STRATEGY,
    limits: {
      enabled: env.TRISTATE_OVERLOAD === 'on',
      ordersUnderWay: env.TRISTATE_OVERLOAD_ORDERS_UNDER_WAY,
      readsUnderWay: env.TRISTATE_OVERLOAD_READS_UNDER_WAY,
    },
    keepShare: env.TRISTATE_HEARTBEAT_KEEP_SHARE,
    upstreams: env.TRISTATE_FRONT_DOOR_UPSTREAMS,
    registry:
      url === undefined
        ? undefined
        : { url, adminToken: readFileSync(join(env.TRISTATE_SECRETS_DIR, 'admin-token'), 'utf8').trim() },
  });
}
