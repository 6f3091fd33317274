import { connect } from 'node:net';
import type { ProbeAnswer } from '#protocols/failure-detector/membership.js';

/**
 * Asks a process directly whether it is there, with as little as can be asked. A process that stands still has its connection accepted
 * by the system and does not answer; where a process has ended, the system refuses.
 *
 * @param address HOST:PORT
 */
export function probe(address: string, timeoutMs: number): Promise<ProbeAnswer> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)), noDelay: true });
    const finish = (answer: ProbeAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish('silent'), timeoutMs);
    socket.once('connect', () =>
      socket.write(`GET /healthz HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`),
    );
    socket.once('data', () => finish('answered'));
    // Anything else than a refusal may be the network's fault.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') finish('refused');
    });
  });
}
