import {
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
import { bearerToken, secretsEqual } from '../auth/secrets.js';
import type { Address } from '../config/process-config.js';
import { acceptCorrelationId, runInScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';

export const correlationIdKey = 'x-correlation-id';

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

  constructor(
    serviceKey: string,
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.server = new Server({
      interceptors: [requestScope(metrics), onlyServices(serviceKey)],
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

/** Gives the call its caller's correlation id, and measures it. */
function requestScope(metrics: Metrics): ServerInterceptor {
  return (method, call) => {
    const elapsed = startTimer();
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
              const [offered] = metadata.get(correlationIdKey);
              runInScope({ correlationId: acceptCorrelationId(offered?.toString()) }, () =>
                nextMetadata(metadata),
              );
            })
            .build(),
        );
      },
    });
    return intercepting;
  };
}

const healthPrefix = '/grpc.health.v1.Health/';

/** Refuses callers that are not processes of this platform. */
function onlyServices(serviceKey: string): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata: Metadata, nextMetadata) => {
              const [authorization] = metadata.get('authorization');
              const offered = bearerToken(authorization?.toString());
              if (
                method.path.startsWith(healthPrefix) ||
                (offered !== undefined && secretsEqual(offered, serviceKey))
              ) {
                nextMetadata(metadata);
                return;
              }
              call.sendStatus({
                code: GrpcStatus.UNAUTHENTICATED,
                details: 'unauthenticated: the service key is wrong',
              });
            })
            .build(),
        );
      },
    });
}
