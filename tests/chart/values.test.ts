import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { render, template, withoutSecrets } from './render.js';
import { chartFolder } from './tools.js';
import { leaves, resolved, schema, valuesTable, type Leaf, type SchemaNode } from './values-table.js';

/** What templates do not read: prose about the stage, and what only the local launcher runs. */
const readElsewhere = /^(stage\.(pressure|change|gain|newProblem)|postgres\.wires$)/;

const templates = readdirSync(path.join(chartFolder, 'templates'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(yaml|tpl|txt)$/.test(name))
  .map((name) => readFileSync(path.join(chartFolder, 'templates', name), 'utf8'))
  .join('\n');

/** Rendered with everything switched on, a value that is changed must change something. */
const everything = 'ci/high-availability-values.yaml';

describe('the values', () => {
  it('are described, each of them', () => {
    expect(leaves().filter(({ node }) => node.description === undefined)).toEqual([]);
  });

  it('have no default where values.yaml names none', () => {
    const resources = leaves().filter(({ path: leaf }) => /^services\.\w+\.resources$/.test(leaf));
    expect(resources.length).toBeGreaterThan(0);
    expect(resources.filter(({ value }) => value !== undefined)).toEqual([]);
  });

  it('have no place for a key that is not known', () => {
    const open: string[] = [];
    const look = (node: SchemaNode, at: string): void => {
      const { properties, additionalProperties, type } = resolved(node);
      if (type === 'object' && properties !== undefined && additionalProperties !== false) open.push(at);
      for (const [key, child] of Object.entries(properties ?? {})) look(child, `${at}.${key}`);
    };
    look(schema, 'values');
    expect(open).toEqual([]);
  });

  it('are all known to the schema where a template reads them', () => {
    const known = new Set<string>();
    for (const { path: leaf } of leaves())
      leaf.split('.').forEach((_, index, keys) => known.add(keys.slice(0, index + 1).join('.')));
    const read = [...templates.matchAll(/\.Values((?:\.[A-Za-z][A-Za-z0-9]*)+)/g)].map(([, key = '']) =>
      key.slice(1),
    );
    expect(read.length).toBeGreaterThan(50);
    expect([...new Set(read)].filter((key) => !known.has(key))).toEqual([]);
  });

  it('are all read by a template', () => {
    const unread = leaves()
      .filter(({ path: leaf }) => !readElsewhere.test(leaf))
      .filter(({ path: leaf }) => !isNamed(leaf))
      .filter((leaf) => !changesSomething(leaf))
      .map(({ path: leaf }) => leaf);
    expect(unread).toEqual([]);
  });

  it.each(
    leaves()
      .map(({ path: leaf }) => [leaf.split('.').slice(0, -1).join('.')] as const)
      .filter(([at], index, all) => at !== '' && all.findIndex(([other]) => other === at) === index),
  )('refuse a misspelt key in %s', (at) => {
    const complaint = schemaRefusal(at);
    expect(complaint).toMatch(/additional properties|not allowed/i);
  });

  // UPDATE=1 writes the table anew, and the diff is read.
  it('stand in the README of the chart as the schema describes them', () => {
    const file = path.join(chartFolder, 'README.md');
    const text = readFileSync(file, 'utf8');
    const [before = '', , after = ''] = text.split(/<!-- values(?: end)? -->/);
    const expected = `${before}<!-- values -->\n\n${valuesTable()}\n\n<!-- values end -->${after}`;
    if (process.env['UPDATE'] === '1') writeFileSync(file, expected);
    expect(readFileSync(file, 'utf8')).toBe(expected);
  });
});

/** Whether a template names the value with its whole path. */
function isNamed(leaf: string): boolean {
  return new RegExp(`(?:\\.Values|\\$values)\\.${leaf.replaceAll('.', '\\.')}(?![\\w.])`).test(templates);
}

/** Another value renders otherwise, or is refused by a template; that the schema refuses it proves nothing. */
function changesSomething({ path: leaf, node, value }: Leaf): boolean {
  const file = leaf.startsWith('services.monolith') ? 'stages/01-single.yaml' : everything;
  const other = anotherValue(leaf, node, value);
  const { status, output, errors } = template(file, `${leaf}=${JSON.stringify(other)}`);
  if (status !== 0) return errors.includes('validation.yaml');
  return withoutSecrets(output) !== renderedOnce(file);
}

const rendered = new Map<string, string>();

function renderedOnce(file: string): string {
  const text = rendered.get(file) ?? render(file);
  rendered.set(file, text);
  return text;
}

function anotherValue(leaf: string, node: SchemaNode, value: unknown): unknown {
  if (node.enum !== undefined) return node.enum.find((choice) => choice !== value);
  if (leaf.endsWith('resources')) return { limits: { memory: '333Mi' } };
  switch (node.type) {
    case 'boolean':
      return value !== true;
    case 'integer':
      return Number(value) + (Number(value) === node.maximum ? -1 : 2);
    case 'array':
      return [];
    case 'object':
      return { other: 'value' };
    default:
      return 'other';
  }
}

function schemaRefusal(at: string): string {
  const { status, errors } = template(undefined, `${at}.nobodyKnows=1`);
  return status === 0 ? 'accepted' : errors;
}
