import {
  Metadata,
  status as GrpcStatus,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import type { Reading } from '../consistency/reading.js';
import { errorCodes } from '../errors/codes.js';
import { Problem } from '../errors/problem.js';
import { currentScope } from '../logging/correlation.js';
import { sessionKey } from './scope-metadata.js';

/** Makes a gRPC method of an async function; a Problem becomes its gRPC status, anything else INTERNAL. */
export function unary<Request, Reply>(
  handle: (request: Request, call: ServerUnaryCall<Request, Reply>) => Promise<Reply>,
): handleUnaryCall<Request, Reply> {
  return (call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>) => {
    const reading = currentScope()?.reading;
    handle(call.request, call).then(
      (reply) => callback(null, reply, reading === undefined ? undefined : trailersOf(reading)),
      (error: unknown) => {
        if (error instanceof Problem) {
          callback({ code: errorCodes[error.code].grpc, details: `${error.code}: ${error.message}` });
        } else {
          callback({ code: GrpcStatus.INTERNAL, details: 'internal' });
        }
      },
    );
  };
}

function trailersOf(reading: Reading): Metadata {
  const trailers = new Metadata();
  if (reading.keepsSession) trailers.set(sessionKey, reading.token());
  return trailers;
}
