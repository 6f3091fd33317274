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

/** There can be thousands in a second, when there is no time to write any of them down: they are in the metrics. */
const counted: ReadonlySet<ErrorCode> = new Set(['overloaded']);

/** Turns whatever was thrown into problem details. What nobody foresaw becomes `internal`, and only the log tells why. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** @param count counts the answer by its code */
  constructor(
    private readonly logger: Logger,
    private readonly count: (code: ErrorCode) => void = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), this.toProblem(error));
  }

  toProblem(error: unknown): Problem {
    const problem = error instanceof Problem ? error : fromFramework(error);
    if (problem === undefined || (problem.httpStatus >= 500 && !counted.has(problem.code)))
      this.logger.error({ err: error }, 'a request failed');
    const answered = problem ?? new Problem('internal');
    this.count(answered.code);
    return answered;
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.code === 'unauthenticated') void reply.header('WWW-Authenticate', 'Bearer');
  if (problem.retryAfterMs !== undefined)
    void reply.header('Retry-After', String(Math.ceil(problem.retryAfterMs / 1_000)));
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
