import { z } from 'zod';
import { consistencyLevels, readYourWritesStrategies } from '../config/process-config.js';
import type { Operation, PathItems } from '../http/openapi.js';

const consistencyHeader = {
  name: 'X-Consistency',
  in: 'header',
  description:
    `What the read shows: ${consistencyLevels.join(', ')}. read-your-writes may name a strategy, as in ` +
    `\`read-your-writes;strategy=token\` (${readYourWritesStrategies.join(', ')})`,
  schema: z.string().meta({ example: 'causal' }),
} as const;

const sessionHeader = {
  name: 'X-Session',
  in: 'header',
  description: 'The latest X-Session that the shop has answered: what you have written and seen',
  schema: z.string(),
} as const;

const sessionAnswered = {
  'X-Session': 'Where your session stands now; send it with your next request',
};
const readAnswered = {
  'X-Read-From': 'Who answered: a database server by its name, or `cache`',
  'X-Replica-Lag-Ms': 'How far that server was behind; 0 from the primary',
  'X-Cache-Age-Ms': 'How old the value from the cache was',
  'X-Session': 'Under monotonic and causal, and when you sent one: send it with your next request',
};

/** Describes at each route of the API which headers choose its reads, and which tell about them. */
export function withConsistency(paths: PathItems): PathItems {
  return Object.fromEntries(
    Object.entries(paths).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [method, describe(path, method, operation)]),
      ),
    ]),
  );
}

function describe(path: string, method: string, operation: Operation): Operation {
  const { parameters = [], answers, problems } = operation;
  if (!path.startsWith('/api/')) return { ...operation, problems: [...problems, 'unknown-consistency'] };
  const reads = method === 'get';
  const headers = reads ? readAnswered : sessionAnswered;
  return {
    ...operation,
    parameters: [...parameters, ...(reads ? [consistencyHeader] : []), sessionHeader],
    answers: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, { ...answer, headers }]),
    ),
    problems: [...problems, 'unknown-consistency', 'session-invalid', 'session-foreign', 'session-lost'],
  };
}
