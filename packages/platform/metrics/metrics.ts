import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds; from a cache hit to the longest deadline. */
const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of one process, in Prometheus' naming. Durations are in seconds; `outcome` is one of the three
 * states: success, failure, timeout.
 */
export class Metrics {
  readonly registry = new Registry();

  /** Requests that this process answered over HTTP; rate and errors follow from its count by status. */
  readonly httpServer = this.histogram('http_server_request_duration_seconds', 'HTTP requests answered', [
    'method',
    'route',
    'status',
  ]);
  readonly grpcServer = this.histogram('grpc_server_call_duration_seconds', 'gRPC calls answered', [
    'method',
    'code',
  ]);
  readonly grpcRefused = this.counter('grpc_server_refused_total', 'gRPC calls refused for who called', [
    'method',
    'caller',
  ]);
  readonly grpcClient = this.histogram('grpc_client_call_duration_seconds', 'gRPC calls made', [
    'method',
    'outcome',
  ]);
  readonly grpcRetries = this.counter(
    'grpc_client_retries_total',
    'Unary calls that were not answered and might be made once more, by whether the retry budget had one left',
    ['method', 'budget'],
  );
  readonly restClient = this.histogram(
    'rest_client_call_duration_seconds',
    'Calls made to other services over REST',
    ['call', 'outcome'],
  );
  readonly restRetries = this.counter(
    'rest_client_retries_total',
    'Calls over REST that were not answered and might be made once more, by whether the retry budget had one left',
    ['call', 'budget'],
  );
  readonly circuitOpened = this.counter(
    'grpc_client_circuit_opened_total',
    'Times that calls to an address were stopped since it did not answer',
    ['address'],
  );
  readonly balancingChoices = this.counter(
    'balancing_choices_total',
    'Calls and messages by the address that was chosen for them',
    ['address'],
  );
  readonly sql = this.histogram('sql_statement_duration_seconds', 'SQL statements run', [
    'statement',
    'outcome',
  ]);
  readonly reads = this.counter('reads_total', 'Reads by the consistency level and who answered', [
    'level',
    'from',
  ]);
  readonly readsGivenUp = this.counter('reads_given_up_total', 'Reads that a replica could not answer', [
    'from',
  ]);
  readonly readWaits = this.counter('read_waits_total', 'Reads that waited for a replica to catch up', [
    'outcome',
  ]);
  readonly databasePrimary = this.gauge('database_primary', '1 for the server that takes writes, else 0', [
    'member',
  ]);
  readonly databaseEpoch = this.gauge('database_epoch', 'How often a primary was replaced, from 1', []);
  readonly databasePrimaryChanges = this.counter(
    'database_primary_changes_total',
    'Times that a server began or ceased to be the primary for this process',
    ['change'],
  );
  readonly replicaLagSeconds = this.gauge('database_replica_lag_seconds', 'How far a replica is behind', [
    'member',
  ]);
  readonly replicaLagBytes = this.gauge('database_replica_lag_bytes', 'How far a replica is behind', [
    'member',
  ]);
  readonly databaseWritesRefused = this.counter(
    'database_writes_refused_total',
    'Writes that were refused before anything was touched',
    ['code'],
  );
  readonly databaseWritesUnconfirmed = this.counter(
    'database_writes_unconfirmed_total',
    'Writes that are in the primary, and that no replica has confirmed',
    [],
  );
  readonly databaseAnswersNotBelieved = this.counter(
    'database_answers_not_believed_total',
    'Answers that came after the lease of the primary had run out',
    [],
  );
  readonly redis = this.histogram('redis_command_duration_seconds', 'Redis commands run', [
    'command',
    'outcome',
  ]);
  readonly redisUp = this.gauge('redis_up', '1 while Redis answers, else 0', []);
  readonly cacheReads = this.counter('cache_reads_total', 'Reads through the cache', ['cache', 'result']);
  readonly cacheLoads = this.counter('cache_loads_total', 'Values asked of the source behind the cache', [
    'cache',
  ]);
  readonly cacheStores = this.counter('cache_stores_total', 'Loaded values, by whether they were stored', [
    'cache',
    'outcome',
  ]);
  readonly cacheInvalidations = this.counter(
    'cache_invalidations_total',
    'Keys whose write Redis was told of, or could not be',
    ['cache', 'outcome'],
  );
  readonly cacheDropped = this.counter('cache_dropped_total', 'Cached values that did not fit their schema', [
    'cache',
  ]);
  readonly searchIndexProducts = this.gauge('search_index_products', 'Products in the index', []);
  readonly searchIndexPosition = this.gauge(
    'search_index_position_bytes',
    'The place in the log up to which the index surely shows what was added',
    ['epoch'],
  );
  readonly searchIndexReadAt = this.gauge(
    'search_index_read_timestamp_seconds',
    'When the index has last read from the primary what is new',
    [],
  );
  readonly searchCatchUps = this.counter(
    'search_catch_ups_total',
    'Requests that demanded more than the index had, by where it caught up',
    ['from'],
  );
  readonly branches = this.histogram('participant_message_duration_seconds', 'Protocol messages handled', [
    'action',
    'phase',
    'result',
  ]);
  readonly messagesTurnedAway = this.counter(
    'participant_messages_turned_away_total',
    'Protocol messages that were not acted upon',
    ['code'],
  );
  readonly transactions = this.histogram('transaction_duration_seconds', 'Distributed transactions ended', [
    'protocol',
    'outcome',
  ]);
  readonly transactionsDiverged = this.counter(
    'transactions_diverged_total',
    'Branches that were found to have ended the other way than their transaction',
    [],
  );
  readonly transactionsOpen = this.gauge('transactions_open', 'Distributed transactions under way', []);
  readonly coordinatorActive = this.gauge('coordinator_active', '1 in the active coordinator, else 0', []);
  readonly coordinatorTerm = this.gauge('coordinator_term', 'The latest term of this coordinator', []);
  readonly inDoubt = this.counter(
    'coordinator_in_doubt_answered_total',
    'Branches in doubt that were told a decision',
    ['outcome'],
  );
  readonly turnedAway = this.counter(
    'coordinator_messages_turned_away_total',
    'Messages of this coordinator that a participant has not acted upon',
    ['code'],
  );
  readonly logRecords = this.counter(
    'transaction_log_records_total',
    'Records written to the transaction log',
    [],
  );
  readonly logWrites = this.counter(
    'transaction_log_writes_total',
    'Writes (groups of records) to that log',
    [],
  );
  readonly faultsActed = this.counter('faults_acted_total', 'Injected faults that acted', [
    'point',
    'action',
  ]);
  readonly requestsLimit = this.gauge(
    'requests_limit',
    'Orders and reads that this process takes on at once, right now',
    ['kind'],
  );
  readonly requestsUnderWay = this.gauge(
    'requests_under_way',
    'Orders and reads that this process works on',
    ['kind'],
  );
  readonly requestsShed = this.counter(
    'requests_shed_total',
    'Requests refused, or answered with something old, since too much was under way',
    ['kind', 'how'],
  );
  /** What a caller was refused, or what went wrong, by its stable code. */
  readonly problems = this.counter('http_problems_total', 'Problems answered over HTTP', ['code']);

  constructor(labels: { service: string; process: string }) {
    this.registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: this.registry });
  }

  private histogram<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: durationBuckets, registers: [this.registry] });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}

/** Starts a stopwatch; the returned function gives the seconds since. */
export function startTimer(): () => number {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start) / 1e9;
}
