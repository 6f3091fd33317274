import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, credentials, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { hostsScheme, registerHostsResolver, toSubchannelAddress } from './hosts-resolver.js';

const echo: ServiceDefinition = {
  say: {
    path: '/test.Echo/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  },
};

describe('a client of processes that are known by name', () => {
  const server = new Server();
  let port = 0;

  beforeAll(async () => {
    registerHostsResolver();
    server.addService(echo, {
      say: (call: { request: string }, callback: (error: null, reply: string) => void) =>
        callback(null, call.request),
    });
    port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('localhost:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
  });
  afterAll(() => server.forceShutdown());

  it('reaches one of them by its name', async () => {
    const client = new Client(`${hostsScheme}:localhost:${port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = echo['say'] ?? fail();
    const reply = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', (error, text) =>
        error ? reject(error) : resolve(text),
      ),
    );
    client.close();
    expect(reply).toBe('hello');
  });

  it('takes addresses apart at the port', () => {
    expect(toSubchannelAddress('order-1:9090')).toEqual({ host: 'order-1', port: 9090 });
    expect(toSubchannelAddress('[::1]:9090')).toEqual({ host: '::1', port: 9090 });
  });
});

function fail(): never {
  throw new Error('there is no such method');
}
