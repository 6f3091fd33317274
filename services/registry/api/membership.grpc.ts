import { Metadata, status as GrpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import { z } from 'zod';
import {
  MembershipService,
  type Heartbeat as WireHeartbeat,
  type MembershipServer,
  type MembershipView as WireView,
} from '#generated/tristate/membership/v1/membership.js';
import type { Callers } from '#platform/auth/callers.js';
import { bearerToken } from '#platform/auth/secrets.js';
import type { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { Logger } from '#platform/logging/logger.js';
import { toWire } from '#platform/membership/view.js';
import type { MemberBoard } from '../domain/member-board.js';

type MemberStream = ServerDuplexStream<WireHeartbeat, WireView>;

/** Views that a member has not read yet; it is sent the newest when it reads again. */
const mostUnread = 4;

const address = z.string().regex(/^[^:\s]{1,253}:\d{1,5}$/);

const heartbeatSchema = z.object({
  name: z.string().regex(/^[a-z0-9.-]{1,63}$/),
  service: z.string(),
  incarnation: z.int().min(1),
  httpAddress: address,
  grpcAddress: address.or(z.literal('')),
  version: z.string().max(64),
  load: z.number().min(0).max(1),
  inFlight: z.int().min(0),
  eventLoopLagMs: z.number().min(0),
  leaving: z.boolean(),
  underPressure: z.boolean(),
});

/** Why a heartbeat is not believed. */
interface Refusal {
  readonly code: GrpcStatus;
  readonly details: string;
}

/** The registry's side of the members' streams: who may speak for whom, and who is told of the view. */
export class MembershipEndpoint {
  private readonly streams = new Set<MemberStream>();
  /** The latest stream of each member: an earlier one may not know yet that it is broken. */
  private readonly latest = new Map<string, MemberStream>();

  constructor(
    private readonly board: MemberBoard,
    private readonly callers: Callers,
    private readonly logger: Logger,
  ) {
    board.onChange(() => {
      const view = toWire(board.view());
      for (const stream of this.streams) send(stream, view);
    });
  }

  join(stream: MemberStream): void {
    const key = bearerToken(stream.metadata.get('authorization')[0]?.toString());
    const caller = key === undefined ? undefined : this.callers.identify(key);
    let joined: { name: string; incarnation: number } | undefined;
    stream.on('data', (heartbeat: WireHeartbeat) => {
      const refusal = refusalOf(heartbeat, caller, joined?.name);
      if (refusal !== undefined) return this.refuse(stream, heartbeat, refusal);
      const { name, incarnation } = heartbeat;
      joined = { name, incarnation };
      this.latest.set(name, stream);
      this.board.beat(heartbeat);
    });
    const ended = (): void => {
      if (!this.streams.delete(stream) || joined === undefined) return;
      if (this.latest.get(joined.name) !== stream) return;
      this.latest.delete(joined.name);
      this.board.streamLost(joined.name, joined.incarnation);
    };
    stream.on('end', () => {
      ended();
      stream.end();
    });
    for (const event of ['error', 'close', 'cancelled']) stream.on(event, ended);
    this.streams.add(stream);
    // The headers tell the member that the stream is open.
    stream.sendMetadata(new Metadata());
    send(stream, toWire(this.board.view()));
  }

  /** The registry ends: that nobody beats any more says nothing about anybody. */
  drain(): void {
    this.board.close();
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  private refuse(stream: MemberStream, { name, service }: WireHeartbeat, { code, details }: Refusal): void {
    this.logger.warn({ member: name, service, details }, 'a heartbeat was refused');
    stream.emit('error', { code, details });
  }
}

function refusalOf(
  heartbeat: WireHeartbeat,
  caller: string | undefined,
  joinedAs: string | undefined,
): Refusal | undefined {
  const parsed = heartbeatSchema.safeParse(heartbeat);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    return { code: GrpcStatus.INVALID_ARGUMENT, details: `validation-failed: ${fields}` };
  }
  const { name, service } = heartbeat;
  const isOwn = service === caller && (name === service || name.startsWith(`${service}-`));
  if (isOwn && (joinedAs === undefined || joinedAs === name)) return undefined;
  const who = joinedAs ?? caller ?? 'an unknown process';
  return { code: GrpcStatus.PERMISSION_DENIED, details: `forbidden: ${who} may not speak for ${name}` };
}

function send(stream: MemberStream, view: WireView): void {
  if (stream.writableLength < mostUnread) stream.write(view);
}

export function serveMembership(server: GrpcServer, endpoint: MembershipEndpoint): void {
  const implementation: MembershipServer = { join: (stream) => endpoint.join(stream) };
  server.add(MembershipService, implementation, endpoint);
}
