import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Database } from '../postgres/database.js';
import { sendProblem } from './problem-filter.js';

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** A token is signed and not stored: whoever asks for one only reads. */
const readsByPost = new Set(['/api/tokens']);

/**
 * Refuses what would write while the database takes no writes, before anything is touched: its caller may try again, which nobody
 * may who was told of an unknown outcome.
 */
export function guardWrites(fastify: FastifyInstance, database: Database, metrics: Metrics): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    if (!writes(request)) {
      next();
      return;
    }
    const refusal = database.refusal();
    if (refusal === undefined) next();
    else refuse(reply, refusal, metrics);
  });
}

function writes(request: FastifyRequest): boolean {
  const { url = '' } = request.routeOptions;
  return !readingMethods.has(request.method) && url.startsWith('/api/') && !readsByPost.has(url);
}

function refuse(
  reply: FastifyReply,
  code: NonNullable<ReturnType<Database['refusal']>>,
  metrics: Metrics,
): void {
  metrics.databaseWritesRefused.inc({ code });
  metrics.problems.inc({ code });
  sendProblem(reply, new Problem(code));
}
