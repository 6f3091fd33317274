import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';

import { wireStates, type Wire } from './wire.js';

const longestTtlMs = 10 * 60_000;
const longestBodyBytes = 1024;

const changeSchema = z.strictObject({
  state: z.enum(wireStates),
  ttlMs: z.int().min(1).max(longestTtlMs).default(longestTtlMs),
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * What an operator does with the wires, on the loopback interface and with the admin token: `GET /wires`, `PUT /wires/NAME`
 * with `{state, ttlMs}`, `DELETE /wires` to open them all. `GET /healthz` is for everyone.
 */
export function newWiresControl(wires: readonly Wire[], adminToken: string): Server {
  return createServer((request, response) => {
    answer(wires, adminToken, request).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 500, { code: 'internal' }),
    );
  });
}

async function answer(wires: readonly Wire[], adminToken: string, request: IncomingMessage): Promise<Answer> {
  const call = `${request.method} ${request.url}`;
  if (call === 'GET /healthz') return { status: 200, body: { status: 'ok' } };
  if (!isAdmin(request, adminToken)) return { status: 401, body: { code: 'unauthenticated' } };
  const all = (): Answer => ({ status: 200, body: wires.map((wire) => wire.status()) });
  if (call === 'GET /wires') return all();
  if (call === 'DELETE /wires') {
    await Promise.all(wires.map((wire) => wire.set('open', 0)));
    return all();
  }
  const name = decodeURIComponent(/^PUT \/wires\/([^/?]+)$/.exec(call)?.[1] ?? '');
  const wire = wires.find((one) => one.name === name);
  if (wire === undefined) return { status: 404, body: { code: 'not-found' } };
  const change = changeSchema.safeParse(await readJson(request));
  if (!change.success)
    return { status: 422, body: { code: 'invalid', detail: z.prettifyError(change.error) } };
  await wire.set(change.data.state, change.data.ttlMs);
  return { status: 200, body: wire.status() };
}

function isAdmin({ headers }: IncomingMessage, adminToken: string): boolean {
  const given = Buffer.from(headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${adminToken}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > longestBodyBytes) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
