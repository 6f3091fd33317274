import { request } from 'node:http';
import { connect } from 'node:net';
import type { Answer } from './shop-client.js';

const ANSWER_DEADLINE_MS = 20_000;

interface RawRequest {
  method?: string;
  /** Sent as it is: nothing is normalised or encoded. */
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** Without a Content-Length, in pieces. */
  chunked?: boolean;
}

/** Sends what fetch would mend or refuse to send. */
export function rawCall(
  baseUrl: string,
  { method = 'GET', path, headers = {}, body, chunked = false }: RawRequest,
): Promise<Answer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, headers, agent: false, timeout: ANSWER_DEADLINE_MS },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const answerHeaders = new Headers(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          );
          resolve(toAnswer(response.statusCode ?? 0, answerHeaders, Buffer.concat(parts).toString('utf8')));
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    // The shop may answer and close before it has read all of a body that is too large.
    sent.on('error', reject);
    if (body === undefined) sent.end();
    else if (chunked) {
      sent.write(body);
      sent.end();
    } else {
      sent.setHeader('content-length', Buffer.byteLength(body));
      sent.end(body);
    }
  });
}

/** Sends bytes that need not be HTTP, and reads what comes back until the other side closes. */
export function sendBytes(baseUrl: string, bytes: string | Buffer): Promise<Answer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const parts: Buffer[] = [];
    socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy(new Error('the connection was left open')));
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(parts).toString('utf8'))));
  });
}

function parseAnswer(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...headerLines] = head.split('\r\n');
  const headers = new Headers(
    headerLines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return toAnswer(Number(statusLine.split(' ')[1]), headers, rest.join('\r\n\r\n'));
}

function toAnswer(status: number, headers: Headers, text: string): Answer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status, headers, text, body };
}
