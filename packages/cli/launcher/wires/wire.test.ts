import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { waitFor } from '../../wait-for.js';
import { findFreePorts } from '../ports.js';
import { Wire } from './wire.js';

const long = 60_000;
const timeoutMs = 20_000;

/** Real connections through a wire to a server that sends back what it gets. */
describe('Wire', () => {
  let echo: Server;
  let wire: Wire;
  let port: number;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => void echo.listen(0, '127.0.0.1', resolve));
    [port = 0] = await findFreePorts(1);
    const { port: targetPort } = echo.address() as AddressInfo;
    wire = new Wire({ name: 'clients->postgres-1', listenPort: port, targetPort });
    await wire.listen();
  });

  beforeEach(() => wire.set('open', 0));

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await wire.close();
    echo.close();
  });

  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const answer = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

  test('passes bytes both ways while it is open', async () => {
    const socket = await open();
    socket.write('hello');
    expect(await answer(socket)).toBe('hello');
  });

  test('passes on an end', async () => {
    const socket = await open();
    socket.end('bye');
    expect(await answer(socket)).toBe('bye');
    await once(socket, 'close');
  });

  test('holds everything while it is cut, old connections and new ones, and goes on by itself', async () => {
    const socket = await open();
    await wire.set('cut', long);
    socket.write('held');
    const late = await open();
    late.write('late');
    const first = Promise.race([answer(socket), answer(late)]);
    // Another connection, made later, shows that time enough has passed for an answer.
    expect(await Promise.race([first, reachesNobody()])).toBe('nothing');
    expect(wire.status()).toMatchObject({ name: 'clients->postgres-1', state: 'cut' });
    const answers = Promise.all([answer(socket), answer(late)]);
    await wire.set('cut', 1);
    expect(await answers).toEqual(['held', 'late']);
    expect(wire.status()).toEqual({ name: 'clients->postgres-1', state: 'open', leftMs: null });
  });

  test('resets connections and refuses new ones while it refuses', async () => {
    const socket = await open();
    // It ends with an error, at which once() would fail.
    const closed = new Promise((resolve) => void socket.once('close', resolve));
    await wire.set('refused', long);
    await closed;
    const refused = connect({ host: '127.0.0.1', port });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await wire.set('refused', 1);
    await waitFor(() => wire.status().state === 'open', { timeoutMs });
    const again = await waitFor(() => open().catch(() => undefined), { timeoutMs });
    again?.write('back');
    expect(again && (await answer(again))).toBe('back');
  });

  /** Resolves after a round trip to the server past the wire. */
  async function reachesNobody(): Promise<string> {
    const { port: targetPort } = echo.address() as AddressInfo;
    const direct = connect({ host: '127.0.0.1', port: targetPort });
    sockets.push(direct);
    direct.write('direct');
    await once(direct, 'data');
    return 'nothing';
  }
});
