import { commitProtocols } from '#protocols/commit/catalogue.js';
import { allOrNothing, appliedPrefix } from '#simulator/commit-safety.js';
import type { Subject } from './commit-property.js';

/** The protocols that keep a promise, each with its own. */
export const subjects = {
  saga: { protocol: commitProtocols.saga, rules: [appliedPrefix] },
  '2pc': { protocol: commitProtocols['2pc'], rules: [allOrNothing] },
} as const satisfies Record<string, Subject>;
