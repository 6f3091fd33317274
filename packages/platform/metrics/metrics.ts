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
  readonly grpcClient = this.histogram('grpc_client_call_duration_seconds', 'gRPC calls made', [
    'method',
    'outcome',
  ]);
  readonly sql = this.histogram('sql_statement_duration_seconds', 'SQL statements run', [
    'statement',
    'outcome',
  ]);
  readonly redis = this.histogram('redis_command_duration_seconds', 'Redis commands run', [
    'command',
    'outcome',
  ]);
  readonly cacheReads = this.counter('cache_reads_total', 'Reads through the cache', ['cache', 'result']);
  readonly branches = this.histogram('participant_message_duration_seconds', 'Protocol messages handled', [
    'action',
    'phase',
    'result',
  ]);
  readonly transactions = this.histogram('transaction_duration_seconds', 'Distributed transactions ended', [
    'protocol',
    'outcome',
  ]);
  readonly transactionsOpen = this.gauge('transactions_open', 'Distributed transactions under way', []);
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
