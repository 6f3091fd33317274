import { createServer } from 'node:net';

/**
 * Ports below the range from which systems take the ports of outgoing connections: a service that is restarted
 * must find its port free.
 */
const lowestPort = 20_000;
const highestPort = 31_999;

export type PortState = 'free' | 'in-use' | 'forbidden';

export function probePort(port: number): Promise<PortState> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('in-use');
      else if (error.code === 'EACCES') resolve('forbidden');
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve('free')));
  });
}

/** Free ports on the loopback interface, from a random place on, so that two platforms that start do not meet. */
export async function findFreePorts(count: number, taken: readonly number[] = []): Promise<number[]> {
  const span = highestPort - lowestPort + 1;
  const first = Math.floor(Math.random() * span);
  const found: number[] = [];
  for (let offset = 0; offset < span && found.length < count; offset++) {
    const port = lowestPort + ((first + offset) % span);
    if (!taken.includes(port) && (await probePort(port)) === 'free') found.push(port);
  }
  if (found.length < count)
    throw new Error(`there are not ${count} free ports from ${lowestPort} to ${highestPort}`);
  return found;
}
