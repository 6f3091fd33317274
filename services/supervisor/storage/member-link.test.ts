import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { MemberLink } from './member-link.js';

const timeoutMs = 200;

/** An answer of PostgreSQL's to the start of a session: it refuses, with SQLSTATE 53300. */
const tooManyConnections = (() => {
  const fields = Buffer.from('SFATAL\0C53300\0Mtoo many connections\0\0');
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
})();

/** A link to a server that takes connections, as a paused one does, and does with each what the test says. */
describe('a link to a member', () => {
  let server: Server | undefined;
  const connections: Socket[] = [];

  async function newLinkForTest(
    accept: (connection: Socket) => void,
    connectTimeoutMs?: number,
  ): Promise<MemberLink> {
    server = createServer((connection) => {
      connections.push(connection);
      connection.on('error', () => undefined);
      accept(connection);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    return new MemberLink({
      member: { name: 'postgres-2', host: '127.0.0.1', port },
      database: { connectionString: 'postgres://supervisor:secret@127.0.0.1:1/cluster' },
      applicationName: 'test',
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    });
  }

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.destroy();
    if (server !== undefined) await once(server.close(), 'close');
  });

  test('gives a silent server up in time, and tries it on a new connection', async () => {
    const link = await newLinkForTest((connection) => void connection.resume(), timeoutMs / 2);
    for (const times of [1, 2]) {
      await expect(link.ask('SELECT 1', [], timeoutMs)).rejects.toThrow(/timeout|not answered/);
      expect(connections).toHaveLength(times);
    }
    const open = connections.filter(({ destroyed }) => !destroyed);
    await Promise.all(open.map((connection) => once(connection, 'close')));
    link.close();
  });

  test('leaves a connection that is being opened for the next question', async () => {
    const link = await newLinkForTest((connection) => void connection.resume());
    for (let times = 0; times < 3; times += 1) {
      await expect(link.ask('SELECT 1', [], timeoutMs / 4)).rejects.toThrow('not answered');
      expect(connections).toHaveLength(1);
    }
    link.close();
  });

  test('tries a server again that has refused a connection', async () => {
    const link = await newLinkForTest((connection) => {
      connection.once('data', () => connection.end(tooManyConnections));
    });
    for (const times of [1, 2]) {
      await expect(link.ask('SELECT 1', [], 5_000)).rejects.toThrow('too many connections');
      expect(connections).toHaveLength(times);
    }
    link.close();
    await expect(link.ask('SELECT 1', [], timeoutMs)).rejects.toThrow('closed');
  });
});
