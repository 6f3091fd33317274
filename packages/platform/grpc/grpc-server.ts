import {
  type Deadline,
  type Metadata,
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status as GrpcStatus,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Callers } from '../auth/callers.js';
import { bearerToken } from '../auth/secrets.js';
import type { Address } from '../config/process-config.js';
import type { Sessions } from '../consistency/sessions.js';
import { acceptCorrelationId, runInScope, type RequestScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { consistencyKey, correlationIdKey, sessionKey } from './scope-metadata.js';

const drainMs = 5_000;

interface Drainable {
  /** Finishes what is under way and then ends. */
  drain(): void;
}

/** The gRPC side of a process: its services, the standard health service, and who may call them. */
export class GrpcServer {
  private readonly server: Server;
  private readonly endpoints: Drainable[] = [];
  private readonly health = new HealthImplementation({ '': 'NOT_SERVING' });

  /**
   * @param processName of this process, as it tells its callers
   * @param sessions where calls read for the requests of others
   */
  constructor(
    readonly processName: string,
    callers: Callers,
    metrics: Metrics,
    readonly logger: Logger,
    sessions?: Sessions,
  ) {
    this.server = new Server({
      interceptors: [requestScope(metrics, sessions), onlyCallers(callers, metrics, logger)],
      'grpc.max_receive_message_length': 1024 * 1024,
    });
    this.health.addToServer(this.server);
  }

  /** @param endpoint what has to end the service's streams before the server can close */
  add(
    definition: ServiceDefinition,
    implementation: UntypedServiceImplementation,
    endpoint?: Drainable,
  ): void {
    this.server.addService(definition, implementation);
    if (endpoint !== undefined) this.endpoints.push(endpoint);
  }

  async listen({ host, port }: Address): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    this.health.setStatus('', 'SERVING');
  }

  /** Takes no new calls, lets those under way finish, and cuts what is left after 5 s. */
  async close(): Promise<void> {
    this.health.setStatus('', 'NOT_SERVING');
    for (const endpoint of this.endpoints) endpoint.drain();
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        this.logger.warn('gRPC calls did not end in time and were cut');
        this.server.forceShutdown();
        resolve();
      }, drainMs);
      this.server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }
}

/** Gives the call its caller's correlation id and session, and measures it. */
function requestScope(metrics: Metrics, sessions: Sessions | undefined): ServerInterceptor {
  return (method, call) => {
    const elapsed = startTimer();
    let scope: RequestScope | undefined;
    const inScope = (work: () => void): void => (scope === undefined ? work() : runInScope(scope, work));
    const responder = new ResponderBuilder()
      .withSendStatus((status, next) => {
        metrics.grpcServer.observe(
          { method: method.path, code: GrpcStatus[status.code] ?? 'UNKNOWN' },
          elapsed(),
        );
        next(status);
      })
      .build();
    const intercepting = new ServerInterceptingCall(call, {
      ...responder,
      start: (next) => {
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, nextMetadata) => {
              scope = scopeOf(metadata, sessions, call.getDeadline());
              runInScope(scope, () => nextMetadata(metadata));
            })
            // Each part of a call comes as an event of its connection's, which knows nothing of the part before.
            .withOnReceiveMessage((message, nextMessage) => inScope(() => nextMessage(message)))
            .withOnReceiveHalfClose((nextHalfClose) => inScope(nextHalfClose))
            .build(),
        );
      },
    });
    return intercepting;
  };
}

function scopeOf(metadata: Metadata, sessions: Sessions | undefined, deadline: Deadline): RequestScope {
  const text = (key: string): string | undefined => metadata.get(key)[0]?.toString();
  const correlationId = acceptCorrelationId(text(correlationIdKey));
  const consistency = text(consistencyKey);
  const endsAtMs = Number(deadline);
  const scope = {
    correlationId,
    // What this call makes others do has to end when its caller stops waiting.
    ...(Number.isFinite(endsAtMs) && { deadlineAtMs: endsAtMs }),
  };
  if (sessions === undefined || consistency === undefined) return scope;
  return { ...scope, reading: sessions.join(consistency, text(sessionKey)) };
}

const healthPrefix = '/grpc.health.v1.Health/';

/** Refuses who is not a process of this platform, and a process that has no business with the method. */
function onlyCallers(callers: Callers, metrics: Metrics, logger: Logger): ServerInterceptor {
  return (method, call) => {
    const { path } = method;
    const refuse = (code: GrpcStatus, details: string, caller: string): void => {
      metrics.grpcRefused.inc({ method: path, caller });
      logger.warn({ method: path, caller }, 'a call was refused');
      call.sendStatus({ code, details });
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata: Metadata, nextMetadata) => {
              if (path.startsWith(healthPrefix)) return nextMetadata(metadata);
              const [authorization] = metadata.get('authorization');
              const key = bearerToken(authorization?.toString());
              const caller = key === undefined ? undefined : callers.identify(key);
              if (caller === undefined)
                refuse(GrpcStatus.UNAUTHENTICATED, 'unauthenticated: the service key is wrong', 'unknown');
              else if (!callers.mayCall(caller, path))
                refuse(GrpcStatus.PERMISSION_DENIED, `forbidden: ${caller} may not call this`, caller);
              else nextMetadata(metadata);
            })
            .build(),
        );
      },
    });
  };
}
