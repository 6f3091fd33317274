import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readProcessConfig } from './process-config.js';

describe('the configuration of a process', () => {
  let folder: string;
  let complete: Record<string, string>;
  const secrets = ['token-key', 'service-key', 'admin-token'];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tristate-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    for (const name of secrets) writeFileSync(join(folder, name), `${name}-${'x'.repeat(64)}\n`);
    writeFileSync(join(folder, 'password'), 'p@ss/word\n');
    writeFileSync(join(folder, 'callers.json'), JSON.stringify({ coordinator: 'a'.repeat(64) }));
    complete = {
      TRISTATE_SERVICE: 'order',
      TRISTATE_NAME: 'order-1',
      TRISTATE_STAGE: '10',
      TRISTATE_HTTP_ADDRESS: '127.0.0.1:3000',
      TRISTATE_GRPC_ADDRESS: '127.0.0.1:5000',
      TRISTATE_DATABASE_URL: 'postgres://orders@127.0.0.1:5432/orders',
      TRISTATE_DATABASE_PASSWORD_FILE: join(folder, 'password'),
      TRISTATE_REDIS_URL: 'redis://127.0.0.1:6379',
      TRISTATE_SECRETS_DIR: folder,
      TRISTATE_PEERS: 'inventory=127.0.0.1:5001,127.0.0.1:5002;coordinator=127.0.0.1:5003',
      TRISTATE_ORDER_PROTOCOL: '2pc',
      TRISTATE_TOPOLOGY: '{"stage":10,"url":"http://localhost:8080","processes":[]}',
    };
  });

  it('is typed, with defaults for what may be left out', () => {
    const config = readProcessConfig('order', complete);
    expect(config).toMatchObject({
      service: 'order',
      name: 'order-1',
      stage: 10,
      http: { host: '127.0.0.1', port: 3000 },
      grpc: { host: '127.0.0.1', port: 5000 },
      redisUrl: 'redis://127.0.0.1:6379',
      order: { protocol: '2pc', deadlineMs: 2000, maxUnderWay: 4096 },
      topology: { stage: 10, processes: [] },
      logLevel: 'info',
    });
    expect([...config.peers]).toEqual([
      ['inventory', ['127.0.0.1:5001', '127.0.0.1:5002']],
      ['coordinator', ['127.0.0.1:5003']],
    ]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('reads secrets and the password from files, whatever characters are in them', () => {
    const { secrets: read, database } = readProcessConfig('order', complete);
    expect(read.tokenKey).toBe(`token-key-${'x'.repeat(64)}`);
    const url = new URL(database?.connectionString ?? '');
    expect(decodeURIComponent(url.password)).toBe('p@ss/word');
    expect(url.username).toBe('orders');
  });

  it('has the databases of its contexts, each with a role and a password of its own', () => {
    for (const name of ['account', 'order_1', 'order_2'])
      writeFileSync(join(folder, `${name}.password`), `secret of ${name}\n`);
    const { database, contexts } = readProcessConfig('order', {
      ...complete,
      TRISTATE_DATABASE_URL: 'postgres://{database}@127.0.0.1:5432/{database}',
      TRISTATE_DATABASE_PASSWORD_FILE: join(folder, '{database}.password'),
      TRISTATE_DATABASE_CONTEXTS: 'account=account;orders=order_1,order_2',
    });
    const addresses = Object.entries(contexts ?? {}).map(([context, databases]) => [
      context,
      ...databases.map(({ connectionString }) => decodeURIComponent(connectionString)),
    ]);
    expect(addresses).toEqual([
      ['account', 'postgres://account:secret of account@127.0.0.1:5432/account'],
      [
        'orders',
        'postgres://order_1:secret of order_1@127.0.0.1:5432/order_1',
        'postgres://order_2:secret of order_2@127.0.0.1:5432/order_2',
      ],
    ]);
    expect(database).toEqual(contexts?.account?.[0]);
  });

  it('names every bad key, not only the first', () => {
    const bad = {
      TRISTATE_NAME: 'Order 1',
      TRISTATE_STAGE: '11',
      TRISTATE_HTTP_ADDRESS: 'localhost',
      TRISTATE_GRPC_ADDRESS: '127.0.0.1:70000',
      TRISTATE_DATABASE_URL: 'mysql://x@127.0.0.1/x',
      TRISTATE_DATABASE_POOL_SIZE: '1',
      TRISTATE_DATABASE_CONTEXTS: 'orders=',
      TRISTATE_REDIS_URL: 'http://127.0.0.1',
      TRISTATE_PEERS: 'shop=127.0.0.1:1',
      TRISTATE_ORDER_PROTOCOL: '4pc',
      TRISTATE_ORDER_DEADLINE_MS: 'soon',
      TRISTATE_ORDER_MAX_UNDER_WAY: '0',
      TRISTATE_TOPOLOGY: '{',
      TRISTATE_LOG_LEVEL: 'loud',
    };
    let message = '';
    try {
      readProcessConfig('order', { ...complete, ...bad });
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    const named = Object.keys(bad).filter((key) => message.includes(`${key}:`));
    expect(named).toEqual(Object.keys(bad));
  });

  it.each(['TRISTATE_NAME', 'TRISTATE_STAGE', 'TRISTATE_HTTP_ADDRESS', 'TRISTATE_SECRETS_DIR'])(
    'names %s when it is missing',
    (key) => {
      expect(() => readProcessConfig('order', { ...complete, [key]: undefined })).toThrow(key);
    },
  );

  it('refuses the configuration of another service', () => {
    expect(() => readProcessConfig('account', complete)).toThrow('this is the account process');
  });

  it('refuses a database without a password file', () => {
    const environment = { ...complete, TRISTATE_DATABASE_PASSWORD_FILE: undefined };
    expect(() => readProcessConfig('order', environment)).toThrow(
      'TRISTATE_DATABASE_PASSWORD_FILE is missing',
    );
  });

  it.each(['{', '{"coordinator":"secret"}', '{"nobody":"' + 'a'.repeat(64) + '"}'])(
    'refuses callers that are not known by the hashes of their keys: %s',
    (content) => {
      expect(readProcessConfig('order', complete).secrets.callers).toEqual({ coordinator: 'a'.repeat(64) });
      writeFileSync(join(folder, 'callers.json'), content);
      expect(() => readProcessConfig('order', complete)).toThrow('SHA-256 of its key');
      rmSync(join(folder, 'callers.json'));
      expect(() => readProcessConfig('order', complete)).toThrow('it says who may call');
    },
  );

  it.each(secrets)('refuses a %s that is missing or was typed by a person', (name) => {
    writeFileSync(join(folder, name), 'changeme');
    expect(() => readProcessConfig('order', complete)).toThrow(`${name} is shorter than 32 characters`);
    rmSync(join(folder, name));
    expect(() => readProcessConfig('order', complete)).toThrow(`${name} cannot be read`);
  });
});
