// A back end of a comparison, a process of its own: so many requests at a time, so many that wait, the rest is refused.
import { createServer, type ServerResponse } from 'node:http';
import { mostWaiting } from './compare-scenario.js';

const [, , name = '', portText = '0', slotsText = '1', slownessText = '1'] = process.argv;
const slots = Number(slotsText);
const slowness = Number(slownessText);
const headers = { 'content-type': 'application/json', 'x-served-by': name };

interface Work {
  readonly ms: number;
  readonly response: ServerResponse;
}

const waiting: Work[] = [];
let busy = 0;

function take(work: Work): void {
  if (busy < slots) begin(work);
  else if (waiting.length < mostWaiting) waiting.push(work);
  else work.response.writeHead(503, { ...headers, 'content-length': 2 }).end('{}');
}

function begin({ ms, response }: Work): void {
  busy += 1;
  setTimeout(() => {
    busy -= 1;
    response.writeHead(200, { ...headers, 'content-length': 2 }).end('{}');
    const next = waiting.shift();
    if (next !== undefined) begin(next);
  }, ms * slowness);
}

// The path says how much work it is: the same requests are the same work whoever gets them.
const server = createServer((request, response) => {
  const ms = Number(/-(\d+)ms$/.exec(request.url ?? '')?.[1] ?? 1);
  take({ ms, response });
});
// Longer than the balancers keep idle connections.
server.keepAliveTimeout = 72_000;
server.listen(Number(portText), '127.0.0.1', () => process.send?.('ready'));
process.once('SIGTERM', () => {
  // What is under way is finished; connections end with their last answer.
  server.close(() => process.exit(0));
  setInterval(() => server.closeIdleConnections(), 20);
});
// Whoever compares is gone.
process.once('disconnect', () => process.exit(0));
