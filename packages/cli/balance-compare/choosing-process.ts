// A caller that chooses its back end itself, as the services among each other do: takes requests, and hands each on to a back
// end that one of the client-side strategies has chosen.
import { Agent, createServer, request as call, type IncomingMessage, type ServerResponse } from 'node:http';
import { Chooser } from '#protocols/balancing/chooser.js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { UpstreamServer } from '#platform/nginx/upstream.js';

export type ChoosingOrder =
  { readonly kind: 'servers'; readonly servers: readonly UpstreamServer[] } | { readonly kind: 'retries' };

/** As nginx does: a back end that has failed is left alone for so long. */
const restMs = 1_000;
const attempts = 2;

const chooser = new Chooser((process.argv[2] ?? 'least-request') as ClientStrategy, 'caller');
const agent = new Agent({ keepAlive: true });
const down = new Set<string>();
const restsUntil = new Map<string, number>();
let retries = 0;

function handle(incoming: IncomingMessage, response: ServerResponse, left: number, tried?: string): void {
  const nowMs = performance.now();
  const isUsable = (address: string): boolean =>
    !down.has(address) && (restsUntil.get(address) ?? 0) <= nowMs;
  const key = incoming.socket.remoteAddress ?? '';
  const address = chooser.choose({
    key,
    nowMs,
    random: Math.random,
    isUsable: (one) => one !== tried && isUsable(one),
  });
  if (address === undefined) {
    response.writeHead(502, { 'content-length': 0 }).end();
    return;
  }
  const [host = '', port = ''] = address.split(':');
  chooser.begun(address);
  const ended = (ok: boolean): void =>
    chooser.ended(address, { tookMs: performance.now() - nowMs, ok, nowMs: performance.now() });
  const outgoing = call({ host, port, path: incoming.url, agent }, (answer) => {
    const { 'x-served-by': servedBy = '', 'content-length': length = '0' } = answer.headers;
    const status = answer.statusCode ?? 502;
    response.writeHead(status, { 'x-served-by': servedBy, 'content-length': length });
    answer.pipe(response);
    answer.once('end', () => ended(status < 500));
  });
  outgoing.once('error', () => {
    ended(false);
    restsUntil.set(address, performance.now() + restMs);
    if (left > 1 && !response.headersSent) {
      retries += 1;
      handle(incoming, response, left - 1, address);
    } else response.destroy();
  });
  outgoing.end();
}

const server = createServer((incoming, response) => handle(incoming, response, attempts));
server.keepAliveTimeout = 72_000;
process.on('message', (order: ChoosingOrder) => {
  if (order.kind === 'retries') {
    process.send?.({ retries });
    return;
  }
  chooser.update(order.servers);
  down.clear();
  for (const { address, down: isDown } of order.servers) if (isDown === true) down.add(address);
  if (server.listening) process.send?.('updated');
  else
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      process.send?.(typeof at === 'object' && at !== null ? at.port : 0);
    });
});
process.once('disconnect', () => process.exit(0));
