import pg from 'pg';

/**
 * A statement with a name: PostgreSQL parses it once for each connection, and the metrics tell it apart.
 * `Row` is the shape of a row that it returns.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only there to carry the type. */
  readonly row?: Row;
}

/** Where statements run: on the pool (each in a transaction of its own) or in a transaction. */
export interface Sql {
  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

/** A connection of its own, for what belongs together. Statements are pipelined: they go out without waiting. */
export interface Session extends Sql {
  /** Runs a command without parameters (BEGIN, PREPARE TRANSACTION …) and returns its command tag. */
  command(text: string): Promise<string>;
}

// bigint columns hold minor units and counts, all below 2^53, the largest integer that a number holds exactly.
const int8Oid = 20;
pg.types.setTypeParser(int8Oid, Number);

/** SQLSTATEs that protocol code tells apart (PostgreSQL 18, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
  undefinedObject: '42704',
  duplicateObject: '42710',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  readOnlyTransaction: '25006',
  objectNotInPrerequisiteState: '55000',
} as const;

export function hasSqlState(error: unknown, state: string): boolean {
  return error instanceof pg.DatabaseError && error.code === state;
}

/** Undefined for what never came from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/**
 * Class 08 is a broken connection, class 57P a server that shuts down or starts, 53300 one that is full; anything that carries no
 * SQLSTATE never came from the server.
 */
export function isConnectionFailure(state: string | undefined): boolean {
  return state === undefined || state.startsWith('08') || state.startsWith('57P') || state === '53300';
}
