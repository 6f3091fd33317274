/** What the time of a service is told by. */
export const groups = [
  'grpc, http2',
  'protobuf',
  'pg',
  'redis',
  'http',
  'nest, fastify',
  'validation',
  'logs, metrics',
  'tokens',
  'json',
  'streams, sockets',
  'async, timers',
  'source maps',
  'ours',
  'other',
  'native',
  'gc',
  'profiler',
  'idle',
] as const;
export type Group = (typeof groups)[number];

/** The first pattern that fits the file of a function decides. */
const files: readonly (readonly [RegExp, Group])[] = [
  [/node_modules\/(@grpc|grpc-health-check)\/|node:internal\/http2|node:http2/, 'grpc, http2'],
  [/node:inspector|\/bench\/profile\//, 'profiler'],
  [/node:internal\/source_map/, 'source maps'],
  [/node_modules\/(@bufbuild|protobufjs|long)\/|(^|\/)generated\//, 'protobuf'],
  [/node_modules\/(pg|pg-[\w-]+|postgres-[\w-]+|pgpass)\//, 'pg'],
  [/node_modules\/(ioredis|@ioredis|redis-[\w-]+|standard-as-callback|denque|cluster-key-slot)\//, 'redis'],
  [/node_modules\/(zod|ajv)\//, 'validation'],
  [/node_modules\/(pino|sonic-boom|thread-stream|prom-client|tdigest|bintrees)[\w-]*\//, 'logs, metrics'],
  [/node_modules\/(fast-jwt|mnemonist|asn1[\w-]*|ecdsa-[\w-]+)\/|node:(internal\/)?crypto/, 'tokens'],
  [
    /node_modules\/(@nestjs|fastify|@fastify|find-my-way|avvio|light-my-request|rxjs|reflect-metadata)\//,
    'nest, fastify',
  ],
  [
    /node_modules\/(fast-[\w-]+|secure-json-parse|rfdc|ret|safe-regex2|reusify|process-warning)\//,
    'nest, fastify',
  ],
  [/node:(_http|http|internal\/http)/, 'http'],
  [
    /node:(net|stream|events|buffer|string_decoder|internal\/(streams?|stream_base|buffer|js_stream)|_stream)/,
    'streams, sockets',
  ],
  [/node:(timers|internal\/(timers|process|async)|async_hooks|diagnostics_channel)/, 'async, timers'],
  [/node_modules\//, 'other'],
  [/node:/, 'other'],
  [/(^|\/)(packages|services)\//, 'ours'],
];

/** The group of a function, by its name and the file that it was written in; undefined when its callers decide. */
export function groupOf(functionName: string, file: string): Group | undefined {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'gc';
  if (functionName === '(program)') return 'native';
  if (functionName === '(root)') return 'other';
  // The JSON functions are part of the engine, and so have no file.
  if (file === '') return functionName === 'parse' || functionName === 'stringify' ? 'json' : undefined;
  return files.find(([pattern]) => pattern.test(file))?.[1] ?? 'other';
}
