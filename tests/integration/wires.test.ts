import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { findFreePorts } from '#cli/launcher/ports.js';
import { openStateFolder } from '#cli/launcher/state-folder.js';
import { planWires } from '#cli/launcher/wires/plan-wires.js';
import { WiresClient } from '#cli/launcher/wires/wires-client.js';
import { ServerForTest } from './server-for-test.js';

jest.setTimeout(60_000);
const ttlMs = 50_000;

/** The process that the launcher starts with `up --wires`, before a server that sends back what it gets. */
describe('the wires', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tristate-wires-'));
  const sockets: Socket[] = [];
  let echo: Server;
  let server: ServerForTest;
  let client: WiresClient;
  let controlPort = 0;
  let clients = 0;

  beforeAll(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => void echo.listen(0, '127.0.0.1', resolve));
    const state = openStateFolder(folder);
    const { port } = echo.address() as AddressInfo;
    const [one = 0, other = 0, control = 0] = await findFreePorts(3);
    [clients, controlPort] = [one, control];
    const members = [{ name: 'postgres-1', port, wirePorts: { clients: one, replication: other } }];
    server = new ServerForTest(planWires({ state, members, controlPort }));
    await server.start();
    client = new WiresClient(controlPort, readFileSync(state.adminTokenPath, 'utf8').trim());
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await server.kill();
    echo.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('obey nobody without the admin token', async () => {
    const wires = `http://127.0.0.1:${controlPort}/wires`;
    expect((await fetch(wires)).status).toBe(401);
    expect((await fetch(wires, { headers: { authorization: 'Bearer guessed' } })).status).toBe(401);
  });

  test('cut a server off from clients and replicas, and connect it again', async () => {
    await client.isolate('postgres-1', 'cut', ttlMs);
    expect((await client.list()).map(({ name, state }) => [name, state])).toEqual([
      ['clients->postgres-1', 'cut'],
      ['replication->postgres-1', 'cut'],
    ]);
    const socket = connect({ host: '127.0.0.1', port: clients });
    sockets.push(socket);
    socket.write('hello');
    const answered = once(socket, 'data');
    await client.openAll();
    expect(String((await answered)[0])).toBe('hello');
  });

  test.each([
    ['a server that is not there', 'postgres-9', 1_000],
    ['no time', 'postgres-1', 0],
    ['time without end', 'postgres-1', 86_400_000],
  ])('refuse %s', async (_, member, badTtlMs) => {
    await expect(client.set('clients', member, 'cut', badTtlMs)).rejects.toThrow('The wires refuse');
  });
});
