import { z } from 'zod';
import { errorCodes, type ErrorCode } from '../errors/codes.js';

/** One route of the public API, described by the schemas that check it. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  /** Whether a user's token is needed, or the admin token. */
  readonly user?: true;
  readonly admin?: true;
  readonly parameters?: readonly Parameter[];
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  readonly problems: readonly ErrorCode[];
}

interface AnswerDescription {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** What each header says, by its name. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly required?: boolean;
  readonly schema?: z.ZodType;
}

export type PathItems = Readonly<
  Record<string, Readonly<Partial<Record<'get' | 'post' | 'put' | 'delete', Operation>>>>
>;

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; what a program looks at' }),
    detail: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** The OpenAPI 3.1 document of all the paths. */
export function openApiDocument(version: string, paths: PathItems): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tristate',
      version,
      description:
        'A shop whose every remote call ends in success, failure or timeout. Money is in minor units.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [method, describe(operation)]),
        ),
      ]),
    ),
    components: {
      securitySchemes: {
        user: { type: 'http', scheme: 'bearer', description: 'From POST /api/tokens' },
        admin: { type: 'http', scheme: 'bearer', description: 'From the file admin-token' },
      },
    },
  };
}

function describe(operation: Operation): object {
  const { summary, description, parameters = [], body, answers, problems } = operation;
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    ...(operation.user === true ? { security: [{ user: [] }] } : {}),
    ...(operation.admin === true ? { security: [{ admin: [] }] } : {}),
    parameters: parameters.map(({ required, schema, ...rest }) => ({
      ...rest,
      required: rest.in === 'path' || required === true,
      schema: schema === undefined ? { type: 'string' } : toSchema(schema, 'input'),
    })),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toSchema(body, 'input') } },
          },
        }),
    responses: { ...describeAnswers(answers), ...describeProblems(problems) },
  };
}

function describeAnswers(answers: Operation['answers']): object {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, headers }]) => [
      status,
      {
        description,
        ...(headers === undefined ? {} : { headers: describeHeaders(headers) }),
        ...(schema === undefined
          ? {}
          : { content: { 'application/json': { schema: toSchema(schema, 'output') } } }),
      },
    ]),
  );
}

function describeHeaders(headers: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

/** Several codes can share a status, which OpenAPI lists once. */
function describeProblems(problems: readonly ErrorCode[]): object {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of problems) {
    const { http } = errorCodes[code];
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: toSchema(problemSchema, 'output') } },
      },
    ]),
  );
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' });
}
