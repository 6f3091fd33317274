import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

import { frontDoorStrategies } from '#protocols/balancing/strategy.js';
import { Tokens } from '../auth/tokens.js';
import { renderFrontDoor, type FrontDoor } from './front-door.js';
import { servicesUnderPressure } from './limits.js';
import { balancingKeyLines, type UpstreamServer } from './upstream.js';

const copies = (...ports: number[]): UpstreamServer[] =>
  ports.map((port) => ({ address: `127.0.0.1:${port}`, weight: 100 }));

const services: FrontDoor = {
  listen: '127.0.0.1:8080',
  workers: 2,
  upstreamKeepAlive: 32,
  orderDeadlineMs: 2000,
  strategy: 'round-robin',
  limits: { enabled: true, ordersUnderWay: 64, readsUnderWay: 128 },
  upstreams: new Map([
    ['account', copies(20001, 20002)],
    ['inventory', copies(20003, 20004)],
    ['order', copies(20005, 20006)],
    ['coordinator', copies(20007)],
    ['registry', copies(20008)],
    ['supervisor', copies(20009)],
    ['search', copies(20010)],
  ]),
};

describe('front door', () => {
  test('is rendered as the golden file says; UPDATE=1 rewrites it', () => {
    const golden = resolve('packages/platform/nginx/golden/services.conf');
    const rendered = renderFrontDoor(services);
    if (process.env['UPDATE'] === '1') writeFileSync(golden, rendered);
    expect(rendered).toBe(readFileSync(golden, 'utf8'));
  });

  test('sends every route to the monolith where it runs', () => {
    const rendered = renderFrontDoor({
      ...services,
      upstreams: new Map([['monolith', copies(20001)]]),
    });
    const targets = [...rendered.matchAll(/proxy_pass (\S+);/g)].map(([, target]) => target);
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets)).toEqual(new Set(['http://monolith']));
  });

  test('asks another copy for products when one is silent, but gives up after a few seconds', () => {
    const rendered = renderFrontDoor(services);
    const products = /location ~ "\^\/api\/products[^}]+proxy_read_timeout (\d+)ms;/.exec(rendered)?.[1];
    const another = /proxy_next_upstream_timeout (\d+)ms;/.exec(rendered)?.[1];
    expect(Number(products)).toBeLessThan(Number(another));
    expect(Number(products) * 2).toBeLessThanOrEqual(6_000);
  });

  test('sends the list of products to the search where there is one, and nothing else', () => {
    const routesOf = (upstreams: FrontDoor['upstreams']): (string | undefined)[][] =>
      [
        ...renderFrontDoor({ ...services, upstreams }).matchAll(
          /location ~ "(\S+)" {\s+proxy_pass http:\/\/(\w+);/g,
        ),
      ]
        .map(([, pattern, service]) => [pattern, service])
        .filter(([pattern]) => pattern?.startsWith('^/api/products') === true);
    const monolith = ['monolith', copies(20001)] as const;
    expect(routesOf(new Map([monolith, ['search', copies(20002)]]))).toEqual([
      ['^/api/products$', 'search'],
      ['^/api/products(/|$)', 'monolith'],
    ]);
    expect(routesOf(new Map([monolith]))).toEqual([['^/api/products(/|$)', 'monolith']]);
  });

  test('never asks the control plane twice', () => {
    const rendered = renderFrontDoor(services);
    expect(rendered).toMatch(/location ~ "\^\/control\/database[^}]+proxy_next_upstream off;/);
    expect(rendered).toMatch(/location ~ "\^\/control\([^}]+proxy_next_upstream off;/);
  });

  test('leads to the supervisor of the database only where there is one', () => {
    const upstreams = new Map([...services.upstreams].filter(([service]) => service !== 'supervisor'));
    expect(renderFrontDoor({ ...services, upstreams })).not.toContain('/control/database');
  });

  test('gives each copy that is there so much at once, and nothing more', () => {
    const upstreams = new Map([
      ...services.upstreams,
      ['order', copies(20005, 20006, 20009).map((copy, index) => ({ ...copy, down: index === 2 }))] as const,
    ]);
    const rendered = renderFrontDoor({ ...services, upstreams });
    const limitsOf = (location: string): string[] => {
      const [, lines = ''] = rendered.split(`location ${location} {`);
      return lines.slice(0, lines.indexOf('\n    }')).match(/limit_conn .*;/g) ?? [];
    };
    expect(limitsOf('~ "^/api/(orders|docs|openapi\\.json)(/|$)"')).toEqual([
      'limit_conn order_reads 256;',
      'limit_conn orders 128;',
    ]);
    expect(limitsOf('@order_under_pressure')).toEqual([
      'limit_conn order_reads 42;',
      'limit_conn orders 22;',
    ]);
    expect(/location ~ "\^\/control[^}]+limit_conn/.test(renderFrontDoor(services))).toBe(false);
  });

  test('is nearly closed for a service half of whose copies are under pressure, without another configuration', () => {
    const withOrders = (...pressed: boolean[]): FrontDoor => ({
      ...services,
      upstreams: new Map([
        ...services.upstreams,
        [
          'order',
          copies(20005, 20006, 20009)
            .slice(0, pressed.length)
            .map((copy, index) => ({ ...copy, underPressure: pressed[index] === true })),
        ] as const,
      ]),
    });
    expect(servicesUnderPressure(withOrders(false, false))).toEqual([]);
    expect(servicesUnderPressure(withOrders(false, true))).toEqual(['order']);
    expect(servicesUnderPressure(withOrders(false, false, true))).toEqual([]);
    expect(renderFrontDoor(withOrders(true, true))).toBe(renderFrontDoor(services));
    const limits = { enabled: false, ordersUnderWay: 64, readsUnderWay: 128 };
    expect(servicesUnderPressure({ ...withOrders(true, true), limits })).toEqual([]);
  });

  test('gives a third of it always where nobody says when it is too much', () => {
    const rendered = renderFrontDoor({
      ...services,
      upstreams: new Map([['monolith', copies(20001, 20002)]]),
    });
    expect(rendered).toContain('limit_conn orders 42;');
    expect(rendered).toContain('limit_conn inventory_reads 86;');
  });

  test('refuses nothing where that is switched off, or nobody has said how much is too much', () => {
    const limits = { enabled: false, ordersUnderWay: 64, readsUnderWay: 128 };
    expect(renderFrontDoor({ ...services, limits })).not.toContain('limit_conn');
    const { limits: _, ...without } = services;
    expect(renderFrontDoor(without)).not.toContain('limit_conn');
  });

  test('waits longer for an order than the order may take', () => {
    const rendered = renderFrontDoor({ ...services, orderDeadlineMs: 30_000 });
    expect(rendered).toContain('proxy_read_timeout 34000ms;');
  });

  test.each(frontDoorStrategies)('renders the copies for %s as the golden file says', (strategy) => {
    const golden = resolve(`packages/platform/nginx/golden/${strategy}.conf`);
    const order: UpstreamServer[] = [
      { address: '127.0.0.1:20001', weight: 100 },
      { address: '127.0.0.1:20002', weight: 50 },
      { address: '127.0.0.1:20003', weight: 300, slowStartShare: 0.1 },
      { address: '127.0.0.1:20004', weight: 100, down: true },
    ];
    const upstreams = new Map([
      ['order', order],
      ['registry', copies(20005)],
    ]);
    const rendered = renderFrontDoor({ ...services, strategy, upstreams });
    const [, balancing = ''] = /\$request_id;\n {2}\}\n\n([^]*?)\n {2}server \{/.exec(rendered) ?? [];
    if (process.env['UPDATE'] === '1') writeFileSync(golden, balancing);
    expect(balancing).toBe(readFileSync(golden, 'utf8'));
  });

  test('leaves the weights of the other copies alone when one is given another, where that would move clients', () => {
    const upstreams = (weight: number): FrontDoor['upstreams'] =>
      new Map([['order', [...copies(20001), { address: '127.0.0.1:20002', weight }]]]);
    const firstOf = (weight: number): string | undefined =>
      /server 127.0.0.1:20001.*/.exec(
        renderFrontDoor({ ...services, strategy: 'consistent-hash', upstreams: upstreams(weight) }),
      )?.[0];
    expect(firstOf(37)).toBe(firstOf(100));
  });

  test('finds the account in every token that is issued, and nothing besides', () => {
    const [, pattern = ''] = /"~(.*)"/.exec(balancingKeyLines('consistent-hash').join('\n')) ?? [];
    const keyOf = (authorization: string): string | undefined =>
      new RegExp(pattern).exec(authorization)?.groups?.['account_of_token'];
    const tokens = new Tokens('a key that is long enough for a test of tokens');
    const [first, second] = ['01890a5d-ac96-774b-bcce-b302099a8057', '01890a5d-ac96-774b-bcce-b302099a8058'];
    const keys = [
      keyOf(`Bearer ${tokens.issue({ accountId: first, owner: 'ann' })}`),
      keyOf(`Bearer ${tokens.issue({ accountId: second, owner: 'ann' })}`),
      keyOf(`bearer ${tokens.issue({ accountId: first, owner: 'bob' })}`),
    ];
    expect(keys.map((key = '') => Buffer.from(key, 'base64url').toString())).toEqual(
      [first, second, first].map((id) => `{"sub":"${id}"`),
    );
    expect([keyOf(''), keyOf('Bearer nonsense')]).toEqual([undefined, undefined]);
  });
});
