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
  'unknown-consistency': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'The X-Consistency header names no level or strategy that there is',
  },
  'session-invalid': {
    http: 400,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'The X-Session header holds no token of this shop',
  },
  unauthenticated: { http: 401, grpc: GrpcStatus.UNAUTHENTICATED, title: 'A valid bearer token is needed' },
  'wrong-credentials': { http: 401, grpc: GrpcStatus.UNAUTHENTICATED, title: 'Owner or password is wrong' },
  forbidden: { http: 403, grpc: GrpcStatus.PERMISSION_DENIED, title: 'This is not yours to see or change' },
  'session-foreign': {
    http: 403,
    grpc: GrpcStatus.PERMISSION_DENIED,
    title: 'The X-Session header holds another account’s token',
  },
  'not-found': { http: 404, grpc: GrpcStatus.NOT_FOUND, title: 'Not found' },
  'unknown-account': { http: 404, grpc: GrpcStatus.NOT_FOUND, title: 'There is no such account' },
  'unknown-fault': {
    http: 404,
    grpc: GrpcStatus.NOT_FOUND,
    title: 'There is no such fault, or it has ended',
  },
  'unknown-transaction': {
    http: 404,
    grpc: GrpcStatus.NOT_FOUND,
    title: 'Nothing is known of such a transaction',
  },
  'method-not-allowed': {
    http: 405,
    grpc: GrpcStatus.UNIMPLEMENTED,
    title: 'The method is not allowed here',
  },
  'sku-taken': { http: 409, grpc: GrpcStatus.ALREADY_EXISTS, title: 'A product of that sku exists' },
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
  'prepared-transactions-off': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'A service’s database has prepared transactions off, which this protocol needs',
  },
  'coordinator-restarted': {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'The coordinator was gone for a while, so the transaction was aborted',
  },
  'aborted-alone': {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'A service heard nothing from the coordinator and aborted its part by itself',
  },
  cancelled: {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'The transaction was cancelled before this part of it arrived',
  },
  'no-failpoints-here': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'No coordinator runs here: no protocol messages, no transaction log, no failpoints',
  },
  'no-control-streams': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'No registry runs here that could tell the processes: their configuration alone switches it',
  },
  'no-members-here': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'No registry runs here, so nobody watches the processes',
  },
  'last-member': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'No other member of its service is left that could take its requests',
  },
  'limit-reached': {
    http: 409,
    grpc: GrpcStatus.RESOURCE_EXHAUSTED,
    title: 'There are as many as can be kept at a time',
  },
  'session-lost': {
    http: 409,
    grpc: GrpcStatus.ABORTED,
    title: 'A failover has lost a write that the session has seen; start a new session',
  },
  'failover-not-possible': {
    http: 409,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'No replica can be promoted without losing what was acknowledged, or none can be reached',
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
  'unknown-failpoint': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'There is no such failpoint',
  },
  'unknown-action': { http: 422, grpc: GrpcStatus.INVALID_ARGUMENT, title: 'There is no such action' },
  'action-not-possible-here': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'This cannot happen at this failpoint',
  },
  'unknown-target': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'No such process reaches this failpoint',
  },
  'unknown-member': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'There is no such member, or it is dead or has another role',
  },
  'unknown-strategy': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'There is no such balancing strategy',
  },
  'weight-out-of-range': {
    http: 422,
    grpc: GrpcStatus.INVALID_ARGUMENT,
    title: 'A weight is a whole number from 1 to 1000',
  },
  'idempotency-key-reused': {
    http: 422,
    grpc: GrpcStatus.FAILED_PRECONDITION,
    title: 'The Idempotency-Key was used with another body',
  },
  'too-many-orders': {
    http: 429,
    grpc: GrpcStatus.RESOURCE_EXHAUSTED,
    title: 'Too many orders are under way; nothing was done, try again later',
  },
  internal: { http: 500, grpc: GrpcStatus.INTERNAL, title: 'Something went wrong on our side' },
  'upstream-unavailable': {
    http: 503,
    grpc: GrpcStatus.UNAVAILABLE,
    title: 'A part of the shop cannot be reached right now; try again',
  },
  'no-primary': {
    http: 503,
    grpc: GrpcStatus.UNAVAILABLE,
    title: 'No database server may take writes right now; nothing was done, try again',
  },
  'no-synchronous-replica': {
    http: 503,
    grpc: GrpcStatus.UNAVAILABLE,
    title: 'No replica is there that could hold the write as well; nothing was done, try again',
  },
  'write-unconfirmed': {
    http: 504,
    grpc: GrpcStatus.DEADLINE_EXCEEDED,
    title: 'The write is not confirmed by a replica: whether it lasts is not known',
  },
  overloaded: { http: 503, grpc: GrpcStatus.RESOURCE_EXHAUSTED, title: 'Too much is under way; try again' },
} as const satisfies Record<string, { http: number; grpc: GrpcStatus; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorCodes, value);
}
