import { StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem, type FieldError } from '../errors/problem.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  /** zod names the fields that it does not know here, and not in the path. */
  readonly keys?: readonly string[];
}

/** Enough to mend a request by; a body can be wrong in thousands of places. */
const mostErrors = 20;

/** Checks what a controller declares with `{ schema }`; a mismatch is a 400 that names the fields. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => validationProblem(issues),
  });
}

export function validationProblem(issues: readonly Issue[]): Problem {
  const errors = issues.flatMap(toFieldErrors).slice(0, mostErrors);
  const detail = errors
    .map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    .join('; ');
  return new Problem('validation-failed', detail, { errors });
}

function toFieldErrors({ path = [], message, keys }: Issue): FieldError[] {
  const parts = path.map((part) => String(typeof part === 'object' ? part.key : part));
  if (keys === undefined) return [{ field: parts.join('.'), message }];
  return keys.map((key) => ({ field: [...parts, key].join('.'), message: 'is not a field of this request' }));
}
