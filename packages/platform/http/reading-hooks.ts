import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerToken } from '../auth/secrets.js';
import type { Reading } from '../consistency/reading.js';
import type { Sessions } from '../consistency/sessions.js';
import { type ProblemFilter, sendProblem } from './problem-filter.js';

declare module 'fastify' {
  interface FastifyRequest {
    reading?: Reading;
  }
}

/** What is asked for besides the API, the control plane and what services ask each other is about the process itself. */
const consistentPaths = /^\/(api|control|internal)(\/|\?|$)/;

/**
 * What X-Consistency and X-Session ask of this request's reads, and undefined when that was refused and answered, or is of no
 * use here.
 */
export function beginReading(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: Sessions,
  problems: ProblemFilter,
): 'refused' | undefined {
  if (!consistentPaths.test(request.url)) return undefined;
  const { authorization } = request.headers;
  try {
    request.reading = sessions.begin({
      consistency: request.headers['x-consistency']?.toString(),
      session: request.headers['x-session']?.toString(),
      bearer: bearerToken(authorization),
    });
    return undefined;
  } catch (error) {
    sendProblem(reply, problems.toProblem(error));
    return 'refused';
  }
}

/** Refuses a session whose writes are lost, and tells in the reply who answered, how old that is, and what was seen. */
export function followReadings(fastify: FastifyInstance, sessions: Sessions): void {
  fastify.addHook('onRequest', (request, _reply, next) => {
    if (request.reading?.session === undefined) return next();
    sessions.check(request.reading).then(
      () => next(),
      (error: Error) => {
        // What is refused starts no new session by the way.
        delete request.reading;
        next(error);
      },
    );
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (request.reading === undefined || reply.statusCode >= 500) return done(null, payload);
    sessions.headersOf(request.reading, hasWritten(request, reply)).then(
      (headers) => {
        void reply.headers(headers);
        done(null, payload);
      },
      (error: Error) => done(error),
    );
  });
}

/** A refused order is recorded as well. */
function hasWritten({ method, url }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  if (method === 'GET' || method === 'HEAD' || !url.startsWith('/api/')) return false;
  return statusCode < 300 || statusCode === 409 || statusCode === 422;
}
