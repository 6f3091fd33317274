import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { errorCodes, type ErrorCode } from '../errors/codes.js';
import { Problem } from '../errors/problem.js';
import { createLogger } from '../logging/logger.js';
import { ProblemFilter } from './problem-filter.js';
import { validationProblem } from './validation.js';

describe('what was thrown becomes problem details', () => {
  const filter = new ProblemFilter(createLogger({ name: 'test', service: 'order', logLevel: 'silent' }));
  const fromFastify = (statusCode: number): Error => Object.assign(new Error('inner detail'), { statusCode });

  it.each(Object.keys(errorCodes) as ErrorCode[])('with its code and status: %s', (code) => {
    const details = filter.toProblem(new Problem(code)).toDetails();
    const { http, title } = errorCodes[code];
    expect(details).toEqual({ type: `urn:tristate:problem:${code}`, title, status: http, code });
  });

  it.each<[string, unknown, number, string]>([
    ['a route that does not exist', new NotFoundException('Cannot GET /x'), 404, 'not-found'],
    ['a request that the framework refuses', new BadRequestException(), 400, 'bad-request'],
    ['a status without a code of its own', new HttpException('teapot', 418), 400, 'bad-request'],
    ['a body that is too long', fromFastify(413), 413, 'body-too-large'],
    ['a media type', fromFastify(415), 415, 'unsupported-media-type'],
    ['a fault of the framework', fromFastify(500), 500, 'internal'],
    ['a bug', new TypeError('x is not a function'), 500, 'internal'],
    ['a string', 'thrown by a library', 500, 'internal'],
    ['nothing', undefined, 500, 'internal'],
  ])('%s', (_, thrown, status, code) => {
    expect(filter.toProblem(thrown).toDetails()).toMatchObject({ status, code });
  });

  it('shows nothing of what was inside', () => {
    const secret = new Error('password=hunter2', { cause: new Error('SELECT * FROM accounts') });
    const shown = JSON.stringify(filter.toProblem(secret).toDetails());
    expect(shown).not.toMatch(/hunter2|SELECT|stack|\.ts|\.js/);
    expect(JSON.stringify(filter.toProblem(fromFastify(400)).toDetails())).not.toContain('inner detail');
    const caused = new Problem('upstream-unavailable', 'Inventory does not answer', { cause: secret });
    expect(JSON.stringify(filter.toProblem(caused).toDetails())).not.toContain('hunter2');
  });

  it('names the fields of an invalid request, at most 20 of them', () => {
    const problem = validationProblem([
      { message: 'too small', path: ['items', 0, { key: 'quantity' }] },
      { message: 'unrecognized', path: ['items', 1], keys: ['colour', 'size'] },
      { message: 'not an object' },
    ]);
    expect(problem.toDetails()).toMatchObject({
      status: 400,
      code: 'validation-failed',
      errors: [
        { field: 'items.0.quantity', message: 'too small' },
        { field: 'items.1.colour', message: 'is not a field of this request' },
        { field: 'items.1.size', message: 'is not a field of this request' },
        { field: '', message: 'not an object' },
      ],
    });
    const many = validationProblem(
      Array.from({ length: 5_000 }, (_, i) => ({ message: 'wrong', path: [i] })),
    );
    expect(many.errors).toHaveLength(20);
  });
});
