import type { Sql, Statement } from '#platform/postgres/database.js';

export interface RecordedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs nothing, remembers each statement, and answers with the row that a success would have brought. */
export class RecordingSql implements Sql {
  readonly statements: RecordedStatement[] = [];

  async run<Row>({ name, text }: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    this.statements.push({ name, text, values });
    return [{ id: '', state: 'applied', code: null, status: 'PENDING' }] as Row[];
  }
}
