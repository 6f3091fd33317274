import type { Book } from '#generated/tristate/audit/v1/audit.js';
import type { ServiceName } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { RestClients, RestResult } from '../rest/rest-client.js';
import type { AuditSource } from './audit.js';
import { booksPrefix, entriesSchema, summarySchema, type Entries, type Summary } from './books-resource.js';

/** Counting a large book takes longer than an order may. */
const deadlineMs = 10_000;

/** The books of another service, over REST. */
export class RestAuditSource implements AuditSource {
  constructor(
    private readonly service: ServiceName,
    private readonly clients: RestClients,
  ) {}

  async summarize(): Promise<Summary> {
    const call = { ...this.common('books'), method: 'GET', path: this.path, reply: summarySchema } as const;
    return this.expect(await this.clients.call(call));
  }

  async listEntries(book: Book, prefixes: readonly string[]): Promise<Entries> {
    const path = `${this.path}/entries`;
    const body = { book, prefixes };
    const call = {
      ...this.common('entries'),
      method: 'POST',
      path,
      body,
      reply: entriesSchema,
    } as const;
    return this.expect(await this.clients.call(call));
  }

  private get path(): string {
    return `${booksPrefix}/${this.service}`;
  }

  private common(name: string): { name: string; service: ServiceName; key: string; deadlineAtMs: number } {
    return { name, service: this.service, key: '', deadlineAtMs: Date.now() + deadlineMs };
  }

  private expect<Reply>(result: RestResult<Reply>): Reply {
    if (result.outcome === 'success') return result.reply;
    throw new Problem('upstream-unavailable', `The books of ${this.service} cannot be read right now`);
  }
}
