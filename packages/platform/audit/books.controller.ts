import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { Problem } from '../errors/problem.js';
import { ServiceGuard } from '../http/service-guard.js';
import { Audit, type AuditSource } from './audit.js';
import {
  booksPrefix,
  entriesRequestSchema,
  serviceSchema,
  type Entries,
  type EntriesRequest,
  type Summary,
} from './books-resource.js';

/** Opens a service's books to the process that checks the invariants, where the services speak REST. */
@Controller(booksPrefix)
@UseGuards(ServiceGuard)
export class BooksController {
  constructor(@Inject(Audit) private readonly audit: Audit) {}

  @Get(':service')
  summarize(@Param('service', { schema: serviceSchema }) service: string): Promise<Summary> {
    return this.sourceOf(service).summarize();
  }

  /** It reads: what is asked for is too long for a query. */
  @Post(':service/entries')
  @HttpCode(200)
  list(
    @Param('service', { schema: serviceSchema }) service: string,
    @Body({ schema: entriesRequestSchema }) { book, prefixes }: EntriesRequest,
  ): Promise<Entries> {
    return this.sourceOf(service).listEntries(book, prefixes);
  }

  private sourceOf(service: string): AuditSource {
    const source = this.audit.sources().get(service);
    if (source === undefined) throw new Problem('not-found', `The books of ${service} are not here`);
    return source;
  }
}
