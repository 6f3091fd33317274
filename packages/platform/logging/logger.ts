import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type Logger } from 'pino';
import type { ProcessConfig } from '../config/process-config.js';
import { currentScope } from './correlation.js';

export type { Logger } from 'pino';

/** JSON lines on standard output, each with the process's name and the correlation id of the request. */
export function createLogger(
  config: Pick<ProcessConfig, 'name' | 'logLevel'> & { readonly service: string },
): Logger {
  return pino({
    level: config.logLevel,
    base: { service: config.service, process: config.name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const scope = currentScope();
      return scope === undefined ? {} : { correlationId: scope.correlationId };
    },
  });
}

/** Lets Nest write through the process's logger. Nest's chatter about routes is of use only when debugging. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, String(message));
  }
  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ context: context.at(-1) }, String(message));
  }
  error(message: unknown, ...context: unknown[]): void {
    this.logger.error({ context: context.at(-1), detail: context.slice(0, -1) }, String(message));
  }
  debug(message: unknown): void {
    this.logger.trace(String(message));
  }
  verbose(message: unknown): void {
    this.logger.trace(String(message));
  }
  fatal(message: unknown): void {
    this.logger.fatal(String(message));
  }
}
