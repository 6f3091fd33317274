import { connect } from 'node:net';

const probeTimeoutMs = 2_000;

/** Whether GET answers 200. Spoken by hand: while services start, node:http would cost as much as one of them. */
export function answersOk(port: number, path: string): Promise<boolean> {
  const question = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
  return exchanges(port, question, (answer) => answer.startsWith('HTTP/1.1 200 '));
}

/** Whether Redis answers PING. */
export function redisAnswers(port: number): Promise<boolean> {
  return exchanges(port, 'PING\r\n', (answer) => answer.startsWith('+PONG'));
}

/**
 * Whether PostgreSQL takes sessions: it answers a start-up packet with a request for the password, and while
 * it starts or recovers with an error.
 */
export function postgresAnswers(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0', 'latin1');
  const packet = Buffer.alloc(8 + parameters.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(0x0003_0000, 4);
  parameters.copy(packet, 8);
  return exchanges(port, packet, (answer) => answer.startsWith('R'));
}

function exchanges(
  port: number,
  question: string | Buffer,
  accept: (answer: string) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: probeTimeoutMs }, () =>
      socket.write(question),
    );
    const finish = (ok: boolean): void => {
      resolve(ok);
      socket.destroy();
    };
    socket.once('data', (data) => finish(accept(data.toString('latin1'))));
    socket.once('timeout', () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => resolve(false));
  });
}
