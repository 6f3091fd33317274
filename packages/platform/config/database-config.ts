import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { DatabaseConfig, DatabaseMember } from './process-config.js';

/** Whose data may have a database of its own. The tables of a context are in a schema of its name. */
export const contextNames = ['account', 'inventory', 'orders'] as const;
export type ContextName = (typeof contextNames)[number];

/** The databases of each context of a process; several are shards, in order. */
export type ContextConfigs = Readonly<Partial<Record<ContextName, readonly DatabaseConfig[]>>>;

/** `account=account;orders=order_1,order_2`: names of databases by context */
export const contextsSchema = z.string().transform((text, context) => {
  const names: Partial<Record<ContextName, readonly string[]>> = {};
  for (const part of text.split(';')) {
    const match = /^([a-z]+)=([a-z][a-z0-9_]*(?:,[a-z][a-z0-9_]*)*)$/.exec(part);
    const name = contextNames.find((known) => known === match?.[1]);
    if (match === null || name === undefined) {
      context.addIssue({ code: 'custom', message: `"${part}" is not CONTEXT=DATABASE,DATABASE` });
      return z.NEVER;
    }
    names[name] = (match[2] ?? '').split(',');
  }
  return names;
});

/** What the environment says of databases. */
export interface DatabaseSettings {
  /** With contexts, `{database}` stands in it for the name of each; every database has a role of its own name. */
  readonly url: string | undefined;
  readonly passwordFile: string | undefined;
  readonly contexts: z.output<typeof contextsSchema> | undefined;
  readonly poolSize: number;
  readonly members: readonly DatabaseMember[];
  readonly maxReplicaLagMs: number;
}

export interface Databases {
  /** The only one of the process, or the first. */
  readonly database: DatabaseConfig | undefined;
  /** Undefined where all contexts of the process share the one. */
  readonly contexts: ContextConfigs | undefined;
}

/** @throws Error when the file of a password is not named, or cannot be read */
export function readDatabases(settings: DatabaseSettings): Databases {
  const { url, contexts } = settings;
  if (url === undefined) return { database: undefined, contexts: undefined };
  if (contexts === undefined) return { database: readDatabase(url, settings), contexts };
  const configs: Partial<Record<ContextName, readonly DatabaseConfig[]>> = {};
  for (const context of contextNames) {
    const names = contexts[context];
    if (names !== undefined) configs[context] = names.map((name) => readDatabase(url, settings, name));
  }
  return { database: Object.values(configs)[0]?.[0], contexts: configs };
}

function readDatabase(
  url: string,
  { passwordFile, poolSize, members, maxReplicaLagMs }: DatabaseSettings,
  name?: string,
): DatabaseConfig {
  if (passwordFile === undefined) {
    throw new Error(
      'TRISTATE_DATABASE_PASSWORD_FILE is missing: the file that holds the password of the database',
    );
  }
  const named = (text: string): string => (name === undefined ? text : text.replaceAll('{database}', name));
  const address = new URL(named(url));
  address.password = encodeURIComponent(readFileSync(named(passwordFile), 'utf8').trim());
  return { connectionString: address.href, poolSize, members, maxReplicaLagMs };
}
