import type { LoggedRequest } from './load-plan.js';
import type { ClientCounts, SecondReport } from './recorder.js';

/** What a process that sends load tells the one that has started it. */
export type WorkerMessage =
  | { readonly kind: 'seconds'; readonly seconds: readonly SecondReport[] }
  | { readonly kind: 'end'; readonly clients: ClientCounts; readonly log: readonly LoggedRequest[] };
