import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

import type { FailoverMode, RemoteTransport, SynchronousMode } from '#platform/config/process-config.js';
import { serviceNames, type ServiceName } from '#platform/config/service-names.js';
import type { ClientStrategy, FrontDoorStrategy } from '#protocols/balancing/strategy.js';
import type { DetectorName } from '#protocols/failure-detector/detector.js';

import { Failure } from '../failure.js';

export { serviceNames, type ServiceName };

/** A stage of the architecture, and its story. */
export interface Stage {
  readonly number: number;
  readonly name: string;
  readonly pressure: string;
  readonly change: string;
  readonly gain: string;
  readonly newProblem: string;
}

/** The chart's values after the schema has checked them; values.schema.json says what each key means. */
export interface Values {
  readonly stage: Stage;
  /** How services that are apart call each other. */
  readonly transport: RemoteTransport;
  readonly services: Readonly<Record<ServiceName, ServiceValues>>;
  readonly orders: { readonly protocol: string; readonly deadlineMs: number; readonly maxUnderWay: number };
  readonly frontDoor: {
    readonly enabled: boolean;
    readonly workers: number;
    readonly upstreamKeepAlive: number;
  };
  readonly balancing: {
    readonly frontDoor: FrontDoorStrategy;
    readonly grpc: ClientStrategy;
    readonly adaptive: boolean;
  };
  readonly postgres: {
    readonly split: boolean;
    readonly orderShards: number;
    readonly replicas: number;
    readonly synchronous: SynchronousMode;
    readonly failover: FailoverMode;
    readonly patience: number;
    readonly maxReplicaLagMs: number;
    readonly wires: boolean;
    readonly maxPreparedTransactions: number;
    readonly sharedBuffersMb: number;
  };
  readonly consistency: {
    readonly default: string;
    readonly readYourWrites: string;
    readonly windowMs: number;
    readonly waitMs: number;
  };
  readonly overload: {
    readonly enabled: boolean;
    readonly ordersUnderWay: number;
    readonly readsUnderWay: number;
  };
  readonly heartbeat: {
    readonly intervalMs: number;
    readonly detector: DetectorName;
    readonly keepShare: number;
    readonly slowStartMs: number;
  };
  readonly redis: { readonly enabled: boolean; readonly maxMemoryMb: number };
  readonly log: { readonly level: string };
  readonly node: { readonly maxOldSpaceMb: number; readonly maxSemiSpaceMb: number };
}

interface ServiceValues {
  readonly replicas: number;
  /** Absent for a service that stores nothing. */
  readonly database?: string;
  readonly databasePoolSize?: number;
}

export const defaultStage = 10;

/** Reads the chart's values with the overlay of a stage, and refuses what its schema does not know. */
export function readValues(chartFolder: string, stage: number, schema = readSchema(chartFolder)): Values {
  const overlayPath = findOverlay(join(chartFolder, 'stages'), stage);
  const valuesPath = join(chartFolder, 'values.yaml');
  const merged = mergeValues(readYaml(valuesPath), readYaml(overlayPath));
  const unknown = checkValues(merged, schema);
  const complaints = unknown.length > 0 ? unknown : contradictions(merged as unknown as Values);
  if (complaints.length > 0) {
    throw new Failure(
      `The topology is wrong (${valuesPath} with ${overlayPath}):\n  ${complaints.join('\n  ')}`,
    );
  }
  return merged as unknown as Values;
}

/** Values that do not go together, one sentence each; the chart's validation.yaml refuses the same. */
export function contradictions({ services, postgres: { split, orderShards } }: Values): string[] {
  if (orderShards === 1) return [];
  const found: string[] = [];
  if (services.coordinator.replicas > 0)
    found.push(
      `postgres.orderShards is ${orderShards}, but services.coordinator has replicas, and its branch of an order is in one ` +
        'database: set postgres.orderShards to 1, or services.coordinator.replicas to 0',
    );
  if (services.monolith.replicas > 0 && !split)
    found.push(
      `postgres.orderShards is ${orderShards}, but postgres.split is false, and one database for all contexts has no shards: ` +
        'set postgres.split to true, or postgres.orderShards to 1',
    );
  return found;
}

/** The values of every stage, or of one. @throws Failure when there is no such stage */
export function listStages(chartFolder: string, stage?: number): Values[] {
  const numbers = stage === undefined ? stageNumbers(chartFolder) : [stage];
  const schema = readSchema(chartFolder);
  return numbers.map((number) => readValues(chartFolder, number, schema));
}

function readSchema(chartFolder: string): SchemaNode {
  return JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as SchemaNode;
}

/** Of the stages that there are, in order. */
export function stageNumbers(chartFolder: string): number[] {
  return overlaysIn(join(chartFolder, 'stages')).map(numberOf);
}

/** The names of the files in order. */
function overlaysIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => /^\d\d-.*\.yaml$/.test(name)).sort();
}

function numberOf(overlay: string): number {
  return Number(overlay.slice(0, 2));
}

function findOverlay(folder: string, stage: number): string {
  const overlays = overlaysIn(folder);
  const found = overlays.find((name) => numberOf(name) === stage);
  if (found === undefined) {
    const known = overlays.map((name) => `${numberOf(name)} (${name.slice(3, -'.yaml'.length)})`);
    throw new Failure(`There is no stage ${stage}. Stages: ${known.join(', ')}.`);
  }
  return join(folder, found);
}

type Mapping = { [key: string]: unknown };

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readYaml(path: string): Mapping {
  const content: unknown = parse(readFileSync(path, 'utf8')) ?? {};
  if (!isMapping(content)) throw new Failure(`${path} must hold keys and values.`);
  return content;
}

/** Helm's rule: mappings are merged key by key, everything else is replaced, null removes a key. */
export function mergeValues(base: Mapping, overlay: Mapping): Mapping {
  const merged: Mapping = { ...base };
  for (const [key, value] of Object.entries(overlay)) {
    const before = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isMapping(before) && isMapping(value) ? mergeValues(before, value) : value;
  }
  return merged;
}

interface SchemaNode {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

/** Compiling a schema takes far longer than checking values with it. */
const validators = new WeakMap<SchemaNode, ValidateFunction>();

/** What the schema has against the values, one sentence each; nothing when they are right. */
export function checkValues(values: Mapping, schema: SchemaNode): string[] {
  const validate = validators.get(schema) ?? new Ajv({ allErrors: true, strict: true }).compile(schema);
  validators.set(schema, validate);
  if (validate(values)) return [];
  return (validate.errors ?? []).map((error) => describe(error, schema));
}

function describe(error: ErrorObject, schema: SchemaNode): string {
  const path = error.instancePath.slice(1).split('/').filter(Boolean);
  const at = path.join('.') || 'the values';
  const parameters = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') {
    const key = String(parameters['additionalProperty']);
    const near = closest(key, knownKeys(schema, path));
    const suggestion = near === undefined ? '' : ` (did you mean ${[...path, near].join('.')}?)`;
    return `unknown key ${[...path, key].join('.')}${suggestion}`;
  }
  if (error.keyword === 'enum') {
    return `${at} must be one of ${(parameters['allowedValues'] as unknown[]).join(', ')}`;
  }
  return `${at} ${error.message ?? 'is wrong'}`;
}

function knownKeys(schema: SchemaNode, path: readonly string[]): string[] {
  let node: SchemaNode | undefined = schema;
  for (const key of path) {
    node = node?.properties?.[key];
    const reference: string | undefined = node?.$ref?.split('/').at(-1);
    if (reference !== undefined) node = schema.definitions?.[reference];
  }
  return Object.keys(node?.properties ?? {});
}

const maxTypingErrors = 3;

/** The known key that is reached with the fewest typing errors, if it takes only a few. */
export function closest(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  return best && best.distance <= Math.min(maxTypingErrors, key.length - 1) ? best.candidate : undefined;
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
