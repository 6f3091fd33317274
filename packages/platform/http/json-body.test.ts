import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { createLogger } from '../logging/logger.js';
import { acceptJsonBodies, bodyLimitBytes } from './json-body.js';
import { ProblemFilter, sendProblem } from './problem-filter.js';

describe('a request’s body', () => {
  let app: FastifyInstance;
  const problems = new ProblemFilter(createLogger({ name: 'test', service: 'order', logLevel: 'silent' }));

  let url: string;

  beforeAll(async () => {
    app = fastify({ bodyLimit: bodyLimitBytes, forceCloseConnections: true });
    acceptJsonBodies(app);
    app.setErrorHandler((error, _request, reply) => sendProblem(reply, problems.toProblem(error)));
    app.post('/', (request) => ({ body: request.body }));
    app.post('/read', () => ({ read: true }));
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => app.close());

  const post = async (
    payload: string | Buffer,
    type = 'application/json',
    path = '/',
  ): Promise<[number, Record<string, unknown>]> => {
    const answer = await fetch(new URL(path, url), {
      method: 'POST',
      body: payload,
      headers: { 'content-type': type },
    });
    return [answer.status, (await answer.json()) as Record<string, unknown>];
  };

  it.each<[string, unknown]>([
    ['{"a":[1,"é",null]}', { a: [1, 'é', null] }],
    ['"text"', 'text'],
    [' 1 ', 1],
  ])('is read as JSON: %s', async (text, body) => {
    expect(await post(text)).toEqual([200, { body }]);
  });

  it('may name its character set', async () => {
    expect(await post('{}', 'application/json; charset=utf-8')).toEqual([200, { body: {} }]);
  });

  it.each<[string, string | Buffer]>([
    ['is empty', ''],
    ['is cut off', '{"a":'],
    ['is not JSON', "{'a': 1}"],
    ['holds NaN', '{"a":NaN}'],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['is half a surrogate in bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['would change a prototype', '{"__proto__":{"admin":true}}'],
    ['would change a prototype by its constructor', '{"a":{"constructor":{"prototype":{"admin":true}}}}'],
    ['hides the key in an escape', '{"\\u005f_proto__":{"admin":true}}'],
  ])('is refused when it %s', async (_, body) => {
    expect(await post(body)).toEqual([400, expect.objectContaining({ code: 'invalid-json', status: 400 })]);
  });

  it('survives being nested as deeply as fits', async () => {
    const depth = bodyLimitBytes / 2 - 1;
    const body = '['.repeat(depth) + ']'.repeat(depth);
    expect(await post(body, 'application/json', '/read')).toEqual([200, { read: true }]);
  });

  it('is refused when it is longer than 64 KiB', async () => {
    const [status, body] = await post(`"${'x'.repeat(bodyLimitBytes)}"`);
    expect([status, body['code']]).toEqual([413, 'body-too-large']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'is refused as %s',
    async (type) => {
      const [status, body] = await post('{}', type);
      expect([status, body['code']]).toEqual([415, 'unsupported-media-type']);
    },
  );
});
