import type { RecordedStatement } from './recording-sql.js';

/**
 * A script for `pgbench -M simple`. Statements are prepared by hand, once for each connection, and executed by
 * name: so they are planned as seldom as the services' are, while names of prepared transactions, which PostgreSQL
 * takes as literals only, can be put together from pgbench's variables (with `-M prepared` they can not).
 */
export function renderScript(
  variables: readonly string[],
  statements: readonly RecordedStatement[],
  body: readonly string[],
): string {
  return [
    '\\if :ready = 0',
    ...statements.map(({ name, text }) => `PREPARE "${name}" AS ${text.trim()};`),
    '\\set ready 1',
    '\\endif',
    ...variables.map((variable) => `\\set ${variable}`),
    ...body,
    '',
  ].join('\n');
}

export function renderExecute({ name, values }: RecordedStatement): string {
  return values.length === 0 ? `EXECUTE "${name}";` : `EXECUTE "${name}"(${values.map(literal).join(', ')});`;
}

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (Array.isArray(value)) return literal(`{${value.map(element).join(',')}}`);
  throw new Error(`A statement has a value of an unknown kind: ${JSON.stringify(value)}`);
}

/** An element of an array's text form, which takes the type that the statement gives it. */
function element(value: unknown): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  return value === null || typeof value === 'number' ? String(value) : literal(value);
}
