import { z } from 'zod';
import { Book } from '#generated/tristate/audit/v1/audit.js';

/** The shapes of audit.proto as JSON. `GET /internal/books/{service}`, `POST /internal/books/{service}/entries`. */
export const booksPrefix = '/internal/books';

export const serviceSchema = z.string().max(32);

const book = z.enum(Book);
const text = z.string();

export const summarySchema = z.object({
  laws: z.array(z.object({ name: text, ok: z.boolean(), expected: text, actual: text })),
  buckets: z.array(z.object({ book, prefix: text, entries: z.int(), checksum: text })),
  pendingGids: z.array(text),
  totals: z.array(z.object({ name: text, value: z.number() })),
});
export type Summary = z.infer<typeof summarySchema>;

export const entriesRequestSchema = z.strictObject({ book, prefixes: z.array(text) });
export type EntriesRequest = z.infer<typeof entriesRequestSchema>;

export const entriesSchema = z.object({
  entries: z.array(z.object({ gid: text, content: text, amountMinor: z.number() })),
});
export type Entries = z.infer<typeof entriesSchema>;
