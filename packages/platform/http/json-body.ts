import type { FastifyInstance } from 'fastify';
import { parse as parseSecurely } from 'secure-json-parse';
import { Problem } from '../errors/problem.js';

export const bodyLimitBytes = 64 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads bodies as JSON in UTF-8 and nothing else; what is not, is refused before any schema sees it. */
export function acceptJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parse(body as Buffer));
    } catch (cause) {
      done(new Problem('invalid-json', cause instanceof Error ? cause.message : undefined, { cause }));
    }
  });
}

function parse(body: Buffer): unknown {
  if (body.length === 0) throw new Error('The body is empty');
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new Error('The body is not UTF-8');
  }
  // Refuses keys that would change what all objects inherit.
  return parseSecurely(text, null, { protoAction: 'error', constructorAction: 'error' });
}
