import { expect } from '@jest/globals';
import type { z } from 'zod';
import { type Answer, problemSchema } from './shop-client.js';

export type ProblemDetails = z.infer<typeof problemSchema>;

/** An error of the public contract: problem details (RFC 9457) with a stable code, and nothing of our insides. */
export function expectProblem(
  answer: Pick<Answer, 'status' | 'headers' | 'text' | 'body'>,
  status: number,
  code: string,
): ProblemDetails {
  const seen = `${answer.status} ${answer.text}`;
  const problem = problemSchema.safeParse(answer.body);
  expect({ seen, status: answer.status, code: problem.data?.code }).toEqual({ seen, status, code });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  expect(problem.data?.status).toBe(status);
  // A stack names files and lines; a fault of the database names its dialect.
  expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\/dist\/|SQLSTATE|"stack"/);
  return problemSchema.parse(answer.body);
}
