import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Reading } from '../consistency/reading.js';

/** What belongs to one request, wherever in the process its work happens. */
export interface RequestScope {
  readonly correlationId: string;
  /** Epoch milliseconds by which the caller wants its answer; undefined when it set no deadline. */
  readonly deadlineAtMs?: number;
  /** How its reads are to be answered; undefined where nobody asked, and they go to the primary. */
  readonly reading?: Reading;
}

const storage = new AsyncLocalStorage<RequestScope>();

export function runInScope<T>(scope: RequestScope, work: () => T): T {
  return storage.run(scope, work);
}

export function currentScope(): RequestScope | undefined {
  return storage.getStore();
}

/** What is read there comes from the primary, and is told to no client. */
export function outsideOfRequests<T>(work: () => T): T {
  return runInScope({ correlationId: currentScope()?.correlationId ?? '' }, work);
}

/** A caller may choose its correlation id, within these bounds: it ends up in logs and headers. */
const acceptable = /^[A-Za-z0-9._:-]{1,64}$/;

export function acceptCorrelationId(offered: string | undefined): string {
  return offered !== undefined && acceptable.test(offered) ? offered : randomUUID();
}
