import { z } from 'zod';

/** A whole number in a query string. */
function wholeNumber(smallest: number, largest: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(smallest).max(largest));
}

/** The query parameters of every list: `page` from 1, `pageSize` up to 100. */
export const paging = {
  page: wholeNumber(1, 1_000_000).default(1),
  pageSize: wholeNumber(1, 100).default(20),
};
