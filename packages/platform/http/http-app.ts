import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Sessions } from '../consistency/sessions.js';
import type { ProcessConfig } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import { acceptCorrelationId, runInScope } from '../logging/correlation.js';
import { NestLogger, type Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Admission } from '../overload/admission.js';
import type { Database } from '../postgres/database.js';
import { admitRequests } from './admission-hooks.js';
import { acceptJsonBodies, bodyLimitBytes } from './json-body.js';
import { ProblemFilter, sendProblem } from './problem-filter.js';
import { beginReading, followReadings } from './reading-hooks.js';
import { validationPipe } from './validation.js';
import { guardWrites } from './write-guard.js';

/** Longer than nginx keeps an idle connection, so that it is never ours that closes under a request. */
const keepAliveMs = 75_000;

interface HttpAppParts {
  readonly config: ProcessConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database | undefined;
  readonly sessions: Sessions;
  readonly admission: Admission;
}

/** The REST side of a process: Nest on Fastify, with problem details, correlation ids and measurements. */
export async function createHttpApp(
  module: DynamicModule,
  { config, logger, metrics, database, sessions, admission }: HttpAppParts,
): Promise<NestFastifyApplication> {
  const problems = new ProblemFilter(logger, (code) => metrics.problems.inc({ code }));
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    // Fastify answers these before any route or filter of Nest's is reached.
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, problems.toProblem(error));
    },
    clientErrorHandler: answerBrokenRequest,
  });
  const fastify: FastifyInstance = adapter.getInstance<FastifyInstance>();
  observeRequests(fastify, config, metrics, (request, reply) =>
    beginReading(request, reply, sessions, problems),
  );
  admitRequests(fastify, admission, metrics);
  followReadings(fastify, sessions);
  if (database !== undefined) guardWrites(fastify, database, metrics);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  acceptJsonBodies(fastify);
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(problems);
  return app;
}

/** Gives each request its scope, says who answered, and measures it. */
function observeRequests(
  fastify: FastifyInstance,
  config: ProcessConfig,
  metrics: Metrics,
  begin: (request: FastifyRequest, reply: FastifyReply) => 'refused' | undefined,
): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    const correlationId = acceptCorrelationId(request.headers['x-correlation-id']?.toString());
    void reply.header('X-Served-By', config.name).header('X-Correlation-Id', correlationId);
    if (begin(request, reply) === 'refused') return;
    const { reading } = request;
    runInScope(reading === undefined ? { correlationId } : { correlationId, reading }, next);
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'unmatched',
      status: String(reply.statusCode),
    };
    metrics.httpServer.observe(labels, reply.elapsedTime / 1000);
    next();
  });
}

/** A request that is not HTTP at all gets the same kind of answer as every other. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(new Problem('bad-request').toDetails());
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
