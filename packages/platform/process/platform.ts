import type { DynamicModule, Provider } from '@nestjs/common';
import { participantNames } from '#protocols/commit/failpoints.js';
import { Audit } from '../audit/audit.js';
import { Callers } from '../auth/callers.js';
import { Tokens } from '../auth/tokens.js';
import { CacheStore } from '../cache/cache-store.js';
import { LocalPrices } from '../catalogue/price-source.js';
import { Reads } from '../consistency/reads.js';
import { SessionTokens } from '../consistency/session-token.js';
import { Sessions } from '../consistency/sessions.js';
import type { ProcessConfig } from '../config/process-config.js';
import { ContextDatabases, openContextDatabases } from '../contexts/context-databases.js';
import { ActiveFaults } from '../faults/active-faults.js';
import { ControlEndpoint } from '../faults/control-endpoint.js';
import type { Failpoints } from '../faults/failpoints.js';
import { KnownCallees } from '../grpc/balancing/known-callees.js';
import { ViewCallees } from '../grpc/balancing/view-callees.js';
import { GrpcClients } from '../grpc/grpc-client.js';
import { GrpcServer } from '../grpc/grpc-server.js';
import { Health } from '../health/health.js';
import { OperationsController } from '../http/operations.controller.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { HeartbeatSender } from '../membership/heartbeat-sender.js';
import { MembershipView } from '../membership/members-view.js';
import { Metrics } from '../metrics/metrics.js';
import { Admission } from '../overload/admission.js';
import { Participant } from '../participant/participant.js';
import { Database } from '../postgres/database.js';
import { standAlone } from '../postgres/members.js';
import { startPosition } from '../postgres/position.js';
import { RestClients } from '../rest/rest-client.js';
import { Settings } from '../settings/settings.js';
import { EventRecorder } from '../trace/event-recorder.js';
import { Trace } from '../trace/trace.js';
import { FAILPOINTS, LOGGER, PROCESS_CONFIG } from './tokens.js';

/** What every process is built from, before any service's own code. */
export interface Platform {
  readonly config: ProcessConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly failpoints: Failpoints;
  readonly trace: Trace;
  /** What an operator may switch while the process runs. */
  readonly settings: Settings;
  /** How the registry sets this process's faults and watches its transactions. */
  readonly control: ControlEndpoint;
  /** What this process takes on, and what it refuses. */
  readonly admission: Admission;
  /** Who may call this process, and as whom. */
  readonly callers: Callers;
  readonly grpcClients: GrpcClients;
  readonly restClients: RestClients;
  /** Who else is there, as far as this process was told. */
  readonly membershipView: MembershipView;
  /** Absent where there is no registry to be told, and in the registry itself. */
  readonly heartbeats: HeartbeatSender | undefined;
  readonly grpcServer: GrpcServer | undefined;
  /** The databases by context, where this process stores something. */
  readonly databases: ContextDatabases | undefined;
  /** The first of them: they are in one cluster, so that it tells of all whether and up to where they were written. */
  readonly database: Database | undefined;
  /** How the reads of requests are answered, from headers to headers. */
  readonly sessions: Sessions;
  readonly reads: Reads | undefined;
  readonly userTokens: Tokens;
  readonly cacheStore: CacheStore | undefined;
  readonly participant: Participant | undefined;
}

export function createPlatform(config: ProcessConfig): Platform {
  const logger = createLogger(config);
  const metrics = new Metrics({ service: config.service, process: config.name });
  const health = new Health();
  const { serviceKey } = config.secrets;
  const callers = new Callers(config.secrets.callers);
  const recorder = new EventRecorder();
  const settings = new Settings(config);
  const trace = new Trace(config.name, recorder.record);
  const failpoints = new ActiveFaults({ trace, metrics, logger });
  const consistency = { ...config.consistency, replicated: (config.database?.members.length ?? 0) > 1 };
  // The supervisor reaches each server by itself, whoever is the primary.
  const isSupervisor = config.supervision !== undefined;
  const databases = isSupervisor ? undefined : openContextDatabases(config, consistency, metrics, logger);
  const { database, reads } = databases?.first ?? {};
  if (database !== undefined) health.register('postgres', () => database.ping());
  const { tokenKey } = config.secrets;
  const userTokens = new Tokens(tokenKey);
  const sessions = new Sessions(
    database ?? withoutDatabase,
    consistency,
    new SessionTokens(tokenKey),
    userTokens,
  );
  const service = participantNames.find((name) => name === config.service);
  const participant =
    database === undefined
      ? undefined
      : new Participant({ service, database, metrics, logger, failpoints, trace });
  const membershipView = new MembershipView(config.heartbeat.keepShare);
  const admission = new Admission({
    config: config.overload,
    orderDeadlineMs: config.order.deadlineMs,
    settings,
    metrics,
    ordersArePressed: () => membershipView.isUnderPressure('order'),
  });
  const known = new KnownCallees(config.peers, config.balancing.grpc);
  const callees = new ViewCallees(membershipView, known);
  const grpcClients = new GrpcClients(serviceKey, metrics, callees, config.name);
  return {
    config,
    logger,
    metrics,
    health,
    failpoints,
    trace,
    settings,
    control: new ControlEndpoint(failpoints, recorder, settings, logger),
    admission,
    databases,
    database,
    participant,
    callers,
    grpcClients,
    restClients: new RestClients(serviceKey, metrics, callees, config.name),
    membershipView,
    heartbeats: newHeartbeats({ config, clients: grpcClients, view: membershipView, admission, logger }),
    grpcServer:
      config.grpc === undefined ? undefined : new GrpcServer(config.name, callers, metrics, logger, sessions),
    sessions,
    userTokens,
    reads,
    cacheStore: config.redisUrl === undefined ? undefined : new CacheStore(config.redisUrl, metrics, logger),
  };
}

interface HeartbeatParts {
  readonly config: ProcessConfig;
  readonly clients: GrpcClients;
  readonly view: MembershipView;
  readonly admission: Admission;
  readonly logger: Logger;
}

function newHeartbeats({ admission, ...parts }: HeartbeatParts): HeartbeatSender | undefined {
  const { peers, service } = parts.config;
  const [registry] = peers.get('registry') ?? [];
  if (registry === undefined || service === 'registry') return undefined;
  const inFlight = (): number => admission.orders.underWay + admission.reads.underWay;
  const isUnderPressure = (): boolean => admission.isUnderPressure;
  return new HeartbeatSender({ ...parts, registry, inFlight, isUnderPressure });
}

/** A process that stores nothing checks what its requests ask for like every other. */
const withoutDatabase = { members: standAlone, position: () => Promise.resolve(startPosition) };

class PlatformModule {}

/** Offers the platform's parts for injection, by their classes, in every module of the process. */
export function platformModule(platform: Platform): DynamicModule {
  const parts: [unknown, unknown][] = [
    [PROCESS_CONFIG, platform.config],
    [LOGGER, platform.logger],
    [Metrics, platform.metrics],
    [Health, platform.health],
    [FAILPOINTS, platform.failpoints],
    [Trace, platform.trace],
    [Settings, platform.settings],
    [Admission, platform.admission],
    [Callers, platform.callers],
    [GrpcClients, platform.grpcClients],
    [RestClients, platform.restClients],
    [MembershipView, platform.membershipView],
    [Tokens, platform.userTokens],
    [Reads, platform.reads],
    [GrpcServer, platform.grpcServer],
    [ContextDatabases, platform.databases],
    [Database, platform.database],
    [CacheStore, platform.cacheStore],
    [Participant, platform.participant],
    [Audit, new Audit()],
    [LocalPrices, new LocalPrices()],
  ];
  const providers = parts.map(([provide, useValue]) => ({ provide, useValue }) as Provider);
  return {
    module: PlatformModule,
    global: true,
    controllers: [OperationsController],
    providers,
    exports: providers,
  };
}

/** The database of a process that cannot do without one. */
export function requireDatabase(database: Database | undefined): Database {
  if (database === undefined)
    throw new Error('TRISTATE_DATABASE_URL is missing: this service keeps its data in PostgreSQL');
  return database;
}
