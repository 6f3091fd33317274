import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { openApiDocument } from './openapi.js';

interface Document {
  paths: Record<string, Record<string, Record<string, unknown>>>;
}

/** The whole document of the API is checked where it is served; here is how an operation becomes a part of it. */
describe('an operation in the OpenAPI document', () => {
  const amount = z.strictObject({ amountMinor: z.int().min(1).default(1) });
  const document = openApiDocument('1.2.3', {
    '/api/things/{id}': {
      post: {
        summary: 'Buys a thing',
        user: true,
        parameters: [
          { name: 'id', in: 'path', description: 'Which', schema: z.uuid() },
          { name: 'page', in: 'query', description: 'Where' },
        ],
        body: amount,
        answers: { 201: { description: 'Bought', schema: amount }, 204: { description: 'Had it' } },
        problems: ['insufficient-funds', 'out-of-stock', 'unknown-sku'],
      },
    },
    '/control/things': { get: { summary: 'Lists', admin: true, answers: {}, problems: [] } },
  }) as Document;
  const operation = document.paths['/api/things/{id}']?.['post'];

  it('says who may call it', () => {
    expect(operation?.['security']).toEqual([{ user: [] }]);
    expect(document.paths['/control/things']?.['get']?.['security']).toEqual([{ admin: [] }]);
  });

  it('requires what is in the path, and the rest only where it says so', () => {
    expect(operation?.['parameters']).toMatchObject([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      { name: 'page', in: 'query', required: false, schema: { type: 'string' } },
    ]);
  });

  it('describes what goes in and what comes out by the schemas that check it', () => {
    const content = (schema: object): object => ({ content: { 'application/json': { schema } } });
    expect(operation?.['requestBody']).toMatchObject({
      required: true,
      ...content({ properties: { amountMinor: { minimum: 1 } }, additionalProperties: false }),
    });
    // A field with a default need not be sent, and is always answered.
    expect(operation?.['requestBody']).not.toMatchObject(content({ required: ['amountMinor'] }));
    const responses = operation?.['responses'] as Record<string, object>;
    expect(responses['201']).toMatchObject(content({ required: ['amountMinor'] }));
    expect(responses['204']).toEqual({ description: 'Had it' });
  });

  it('lists each status of its problems once, with all of their codes', () => {
    const responses = operation?.['responses'] as Record<string, { description: string }>;
    expect(Object.keys(responses)).toEqual(['201', '204', '409', '422']);
    expect(responses['409']?.description).toMatch(/`insufficient-funds`.*`out-of-stock`/);
  });
});
