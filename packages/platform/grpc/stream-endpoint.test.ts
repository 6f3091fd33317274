import { EventEmitter } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { expect, it } from '@jest/globals';
import { StreamEndpoint } from './stream-endpoint.js';

interface Message {
  readonly correlationId: string;
}

/** The side of a stream that a server sees. */
class Stream extends EventEmitter {
  readonly written: unknown[] = [];
  readonly sendMetadata = (): void => undefined;
  readonly write = (reply: unknown): void => {
    this.written.push(reply);
    this.emit('written');
  };
}

it('gives no answer to a message that cannot be answered, and answers the next one', async () => {
  const logged: unknown[] = [];
  const logger = { error: (fields: unknown) => void logged.push(fields) };
  const failure = new Error('the log cannot be read');
  const asked: string[] = [];
  const endpoint = new StreamEndpoint<Message, Message>(
    ({ correlationId }) => {
      asked.push(correlationId);
      return correlationId === 'first' ? Promise.reject(failure) : Promise.resolve({ correlationId });
    },
    { processName: 'coordinator-1', logger },
  );
  const stream = new Stream();
  endpoint.accept(stream as unknown as ServerDuplexStream<Message, Message>);
  const written = new Promise((resolve) => stream.once('written', resolve));
  for (const correlationId of ['first', 'second']) stream.emit('data', { correlationId });
  await written;
  expect(asked).toEqual(['first', 'second']);
  expect(stream.written).toEqual([{ correlationId: 'second' }]);
  expect(logged).toEqual([{ err: failure }]);
});
