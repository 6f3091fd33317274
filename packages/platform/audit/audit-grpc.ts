import {
  AuditClient,
  AuditService,
  type AuditServer,
  type Book,
  type ListEntriesReply,
  type ListEntriesRequest,
  type SummarizeReply,
  type SummarizeRequest,
} from '#generated/tristate/audit/v1/audit.js';
import type { ServiceName } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import { unary } from '../grpc/unary-handler.js';
import type { GrpcClients, CallResult } from '../grpc/grpc-client.js';
import type { GrpcServer } from '../grpc/grpc-server.js';
import type { AuditSource } from './audit.js';

/** Opens a service's books to the other processes of the platform. */
export function serveAudit(server: GrpcServer, source: AuditSource): void {
  const implementation: AuditServer = {
    summarize: unary<SummarizeRequest, SummarizeReply>(() => source.summarize()),
    listEntries: unary<ListEntriesRequest, ListEntriesReply>(({ book, prefixes }) =>
      source.listEntries(book, prefixes),
    ),
  };
  server.add(AuditService, implementation);
}

/** Counting a large book takes longer than an order may. */
const deadlineMs = 10_000;

const reads = { idempotent: true };

/** The books of another service. */
export class GrpcAuditSource implements AuditSource {
  private readonly client: AuditClient;

  constructor(
    private readonly service: ServiceName,
    private readonly clients: GrpcClients,
  ) {
    this.client = clients.connectTo(AuditClient, service);
  }

  async summarize(): Promise<SummarizeReply> {
    const method = this.client.summarize.bind(this.client);
    return this.expect(
      await this.clients.call('Audit/Summarize', method, {}, Date.now() + deadlineMs, reads),
    );
  }

  async listEntries(book: Book, prefixes: readonly string[]): Promise<ListEntriesReply> {
    const method = this.client.listEntries.bind(this.client);
    const request = { book, prefixes: [...prefixes] };
    return this.expect(
      await this.clients.call('Audit/ListEntries', method, request, Date.now() + deadlineMs, reads),
    );
  }

  private expect<Reply>(result: CallResult<Reply>): Reply {
    if (result.outcome === 'success') return result.reply;
    throw new Problem('upstream-unavailable', `The books of ${this.service} cannot be read right now`);
  }
}
