import {
  consistencyLevels,
  readYourWritesStrategies,
  type ConsistencyConfig,
  type ConsistencyLevel,
  type ReadYourWrites,
} from '../config/process-config.js';
import { Problem } from '../errors/problem.js';

/** What a request asks of its reads. */
export interface Demand {
  readonly level: ConsistencyLevel;
  /** Of use under `read-your-writes` alone. */
  readonly strategy: ReadYourWrites;
}

const parts = /^\s*([^;\s]+)\s*(?:;\s*strategy\s*=\s*([^;\s]+)\s*)?$/i;

/**
 * @param header `X-Consistency` as it came: LEVEL, or read-your-writes;strategy=STRATEGY; undefined for the default
 * @throws Problem `unknown-consistency` that names what there is
 */
export function parseDemand(
  header: string | undefined,
  defaults: Pick<ConsistencyConfig, 'level' | 'readYourWrites'>,
): Demand {
  if (header === undefined) return { level: defaults.level, strategy: defaults.readYourWrites };
  const [, levelName, strategyName] = parts.exec(header) ?? [];
  const level = named(consistencyLevels, levelName);
  const strategy =
    strategyName === undefined ? defaults.readYourWrites : named(readYourWritesStrategies, strategyName);
  const misplaced = strategyName !== undefined && level !== 'read-your-writes';
  if (level === undefined || strategy === undefined || misplaced) throw unknownConsistency();
  return { level, strategy };
}

/** As a header says it. */
export function formatDemand({ level, strategy }: Demand): string {
  return level === 'read-your-writes' ? `${level};strategy=${strategy}` : level;
}

function named<Name extends string>(names: readonly Name[], text: string | undefined): Name | undefined {
  return names.find((name) => name === text?.toLowerCase());
}

function unknownConsistency(): Problem {
  const message =
    `must be one of ${consistencyLevels.join(', ')}; read-your-writes may name a strategy, as in ` +
    `read-your-writes;strategy=token (${readYourWritesStrategies.join(', ')})`;
  return new Problem('unknown-consistency', `X-Consistency ${message}`, {
    errors: [{ field: 'X-Consistency', message }],
  });
}
