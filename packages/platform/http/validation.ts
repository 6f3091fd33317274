import { StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem, type FieldError } from '../errors/problem.js';

type Issue = { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined };

/** Enough to mend a request by; a body can be wrong in thousands of places. */
const mostErrors = 20;

/** Checks what a controller declares with `{ schema }`; a mismatch is a 400 that names the fields. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => validationProblem(issues as readonly Issue[]),
  });
}

export function validationProblem(issues: readonly Issue[]): Problem {
  const errors = issues.slice(0, mostErrors).map(toFieldError);
  const detail = errors.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
  return new Problem('validation-failed', detail, { errors });
}

function toFieldError({ path = [], message }: Issue): FieldError {
  const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { field, message };
}
