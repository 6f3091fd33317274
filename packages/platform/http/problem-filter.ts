import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../errors/codes.js';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';

const codeOfStatus: Record<number, ErrorCode> = {
  400: 'bad-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'body-too-large',
  415: 'unsupported-media-type',
};

/** Turns whatever was thrown into problem details. What nobody foresaw becomes `internal`, and only the log tells why. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), this.toProblem(error));
  }

  toProblem(error: unknown): Problem {
    const problem = error instanceof Problem ? error : fromFramework(error);
    if (problem === undefined || problem.httpStatus >= 500)
      this.logger.error({ err: error }, 'a request failed');
    return problem ?? new Problem('internal');
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.code === 'unauthenticated') void reply.header('WWW-Authenticate', 'Bearer');
  if (problem.httpStatus === 503) void reply.header('Retry-After', '1');
  void reply
    .status(problem.httpStatus)
    .header('Content-Type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.toDetails()));
}

/** Nest and Fastify throw errors that carry a status; theirs below 500 are the caller's doing. */
function fromFramework(error: unknown): Problem | undefined {
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
        ? error.statusCode
        : 500;
  const code = codeOfStatus[status] ?? (status >= 400 && status < 500 ? 'bad-request' : undefined);
  return code === undefined ? undefined : new Problem(code, undefined, { cause: error });
}
