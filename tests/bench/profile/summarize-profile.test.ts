import { expect, test } from '@jest/globals';
import type { CallFrame, CpuProfile } from './cpu-profile.js';
import { groupOf } from './group.js';
import { summarizeProfiles } from './summarize-profile.js';

const frame = (functionName: string, url: string): CallFrame => ({
  functionName,
  url,
  lineNumber: 1,
  columnNumber: 1,
});

const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)', ''), children: [2, 5, 6] },
    {
      id: 2,
      callFrame: frame('place', 'file:///anywhere/services/order/domain/place-order.ts'),
      children: [3, 4],
    },
    { id: 3, callFrame: frame('stringify', '') },
    { id: 4, callFrame: frame('query', 'file:///anywhere/node_modules/pg/lib/client.js'), children: [7] },
    { id: 5, callFrame: frame('(idle)', '') },
    { id: 6, callFrame: frame('(garbage collector)', '') },
    { id: 7, callFrame: frame('writev', '') },
  ],
  samples: [2, 3, 4, 7, 5, 6],
  timeDeltas: [1000, 2000, 3000, 4000, 50_000, 500],
};

test('time goes to the group of a function’s file, and that of the engine to who asked for it', () => {
  const { groupsMs, top } = summarizeProfiles([profile, profile], ({ url }) => url);
  expect(groupsMs).toEqual({ ours: 2, json: 4, pg: 14, idle: 100, gc: 1 });
  expect(top.map(({ name, file, selfMs }) => [name, file, selfMs])).toEqual([
    ['writev', '', 8],
    ['query', 'pg/lib/client.js', 6],
    ['stringify', '', 4],
    ['place', 'services/order/domain/place-order.ts', 2],
  ]);
});

test.each([
  ['node:internal/http2/core', 'grpc, http2'],
  ['node:_http_server', 'http'],
  ['node:internal/streams/writable', 'streams, sockets'],
  ['../../../../node_modules/@grpc/grpc-js/src/channel.ts', 'grpc, http2'],
  ['../../../../generated/tristate/audit/v1/audit.ts', 'protobuf'],
  ['../../../../packages/platform/grpc/grpc-client.ts', 'ours'],
  ['../../../../node_modules/fast-json-stringify/index.js', 'nest, fastify'],
  ['../../../../node_modules/fast-jwt/src/signer.js', 'tokens'],
])('%s belongs to %s', (file, group) => {
  expect(groupOf('anything', file)).toBe(group);
});
