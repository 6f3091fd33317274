import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

import { renderFrontDoor, type FrontDoor } from './front-door.js';

const services: FrontDoor = {
  listen: '127.0.0.1:8080',
  workers: 2,
  upstreamKeepAlive: 32,
  orderDeadlineMs: 2000,
  upstreams: new Map([
    ['account', ['127.0.0.1:20001', '127.0.0.1:20002']],
    ['inventory', ['127.0.0.1:20003', '127.0.0.1:20004']],
    ['order', ['127.0.0.1:20005', '127.0.0.1:20006']],
    ['coordinator', ['127.0.0.1:20007']],
    ['registry', ['127.0.0.1:20008']],
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
      upstreams: new Map([['monolith', ['127.0.0.1:20001']]]),
    });
    const targets = [...rendered.matchAll(/proxy_pass (\S+);/g)].map(([, target]) => target);
    expect(targets).toEqual(['http://monolith', 'http://monolith', 'http://monolith', 'http://monolith']);
  });

  test('waits longer for an order than the order may take', () => {
    const rendered = renderFrontDoor({ ...services, orderDeadlineMs: 30_000 });
    expect(rendered).toContain('proxy_read_timeout 38000ms;');
  });
});
