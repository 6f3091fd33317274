import { status as GrpcStatus } from '@grpc/grpc-js';

/**
 * Every error code that Tristate answers, in one place: what it is called, and what it becomes over HTTP and
 * gRPC. A code is part of the public contract; its title may be reworded, its name may not.
 */
export const errorCodes = {
  'bad-request': { http: 400, grpc: GrpcStatus.INVALID_ARGUMENT, title: 'The request is malformed' },
  'invalid-json': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'The body is not valid JSON in UTF-8',
  },
  'validation-failed': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'A field is missing or invalid',
  },
  'idempotency-key-missing': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'The Idempotency-Key header is missing',
  },
  'idempotency-key-invalid': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'The Idempotency-Key header is invalid',
  },
  unauthenticated: { http: 401, grpc: GrpcStatus.UNAUTHENTICATED, title: 'A valid bearer token is needed' },
  'wrong-credentials': { http: 401, grpc: GrpcStatus.UNAUTHENTICATED, title: 'Owner or password is wrong' },
  forbidden: { http: 403, grpc: GrpcStatus.PERMISSION_DENIED, title: 'This is not yours to see or change' },
  'not-found': { http: 404, grpc: GrpcStatus.NOT_FOUND, title: 'Not found' },
  'unknown-account': { http: 404, grpc: GrpcStatus.NOT_FOUND, title: 'There is no such account' },
  'method-not-allowed': {
    http: 405,
    grpc: GrpcStatus.UNIMPLEMENTED,
    title: 'The method is not allowed here',
  },
  'owner-taken': { http: 409, grpc: GrpcStatus.ALREADY_EXISTS, title: 'An account of that owner exists' },
  'insufficient-funds': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'The account does not hold enough money',
  },
  'out-of-stock': { http: 409, grpc: GrpcStatus.FAILED_PRECONDITION, title: 'There is not enough in stock' },
  'price-changed': {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'A price changed while the order was placed; place it again',
  },
  'participant-unavailable': {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'A service did not vote in time, so the transaction was aborted',
  },
  cancelled: {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'The transaction was cancelled before this part of it arrived',
  },
  'body-too-large': { http: 413, grpc: GrpcStatus.RESOURCE_EXHAUSTED, title: 'The body is over 64 KiB' },
  'unsupported-media-type': {
    http: 415,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'Send the body as application/json',
  },
  'unknown-sku': { http: 422, grpc: GrpcStatus.FAILED_PRECONDITION, title: 'There is no such product' },
  'unknown-protocol': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'There is no such commit protocol',
  },
  'idempotency-key-reused': {
    http: 422,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'The Idempotency-Key was used with another body',
  },
  internal: { http: 500, grpc: GrpcStatus.INTERNAL, title: 'Something went wrong on our side' },
  'upstream-unavailable': {
    http: 503,
    grpc: GrpcStatus.UNAVAILABLE,
    title: 'A part of the shop cannot be reached right now; try again',
  },
  overloaded: { http: 503, grpc: GrpcStatus.RESOURCE_EXHAUSTED, title: 'Too much is under way; try again' },
} as const satisfies Record<string, { http: number; grpc: GrpcStatus; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorCodes, value);
}
