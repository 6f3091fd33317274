import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { chartFolder } from './tools.js';

export interface SchemaNode {
  readonly description?: string;
  readonly type?: string;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

export type Mapping = Readonly<Record<string, unknown>>;

export const schema = JSON.parse(
  readFileSync(path.join(chartFolder, 'values.schema.json'), 'utf8'),
) as SchemaNode;

export const defaults = parse(readFileSync(path.join(chartFolder, 'values.yaml'), 'utf8')) as Mapping;

/** What a node says, with what it refers to. */
export function resolved(node: SchemaNode): SchemaNode {
  const name = node.$ref?.split('/').at(-1);
  return name === undefined ? node : { ...schema.definitions?.[name], ...node };
}

export interface Leaf {
  readonly path: string;
  readonly node: SchemaNode;
  readonly value: unknown;
}

/** Every value that can be set, with its default. */
export function leaves(): Leaf[] {
  return leavesOf(schema, defaults, []);
}

function leavesOf(node: SchemaNode, value: unknown, at: readonly string[]): Leaf[] {
  const { properties } = resolved(node);
  if (
    properties === undefined ||
    node.$ref?.endsWith('/resources') === true ||
    node.$ref?.endsWith('/quantities') === true
  )
    return [{ path: at.join('.'), node: resolved(node), value }];
  return Object.entries(properties).flatMap(([key, child]) =>
    key === 'global' ? [] : leavesOf(child, (value as Mapping | undefined)?.[key], [...at, key]),
  );
}

/** The table of the chart's README. */
export function valuesTable(): string {
  const rows = leaves().map(({ path: key, node, value }) => {
    const kind = node.enum === undefined ? (node.type ?? '') : node.enum.join(', ');
    const shown =
      value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
    return `| \`${key}\` | ${node.description ?? ''} | ${kind} | ${shown === '``' ? '' : shown} |`;
  });
  return ['| value | what it says | type | default |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
