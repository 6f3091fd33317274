import { Counter, Gauge } from 'prom-client';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { ClusterView } from './domain/describe-cluster.js';

/**
 * The state of the database cluster as metrics; gauges are read when somebody asks for them. Every process has metrics
 * named database_… of what it sees of the servers itself, the supervisor too; these are named cluster_….
 */
export class ClusterMetrics {
  private readonly promotions: Counter;
  private readonly cloneOrders: Counter<'member'>;

  constructor(private readonly metrics: Metrics) {
    const registers = [metrics.registry];
    this.promotions = new Counter({
      name: 'cluster_promotions_total',
      help: 'Replicas that have become the primary',
      registers,
    });
    this.cloneOrders = new Counter({
      name: 'cluster_clone_orders_total',
      help: 'Replicas that were ordered to be cloned anew',
      labelNames: ['member'],
      registers,
    });
  }

  promotion(): void {
    this.promotions.inc();
  }

  cloneOrder(member: string): void {
    this.cloneOrders.inc({ member });
  }

  show(view: () => ClusterView): void {
    const registers = [this.metrics.registry];
    const gauge = (name: string, help: string, read: (cluster: ClusterView) => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read(view()));
        },
      });
    };
    gauge('cluster_epoch', 'Promotions so far, from 1', ({ epoch }) => epoch);
    gauge('cluster_lease_left_seconds', 'For how long the primary is the primary', ({ leaseLeftMs }) => {
      return leaseLeftMs / 1_000;
    });
    gauge('cluster_synchronous_replicas', 'Replicas that can confirm a write', (cluster) => {
      return cluster.synchronousReplicas;
    });
    const lag = (
      name: string,
      help: string,
      read: (member: ClusterView['members'][number]) => number | null,
    ): void => {
      new Gauge({
        name,
        help,
        labelNames: ['member'],
        registers,
        collect() {
          this.reset();
          for (const member of view().members) {
            const value = read(member);
            if (value !== null) this.set({ member: member.name }, value);
          }
        },
      });
    };
    lag('cluster_replica_lag_bytes', 'Log that a replica does not show yet', ({ lagBytes }) => lagBytes);
    lag('cluster_replica_lag_seconds', 'How far a replica is behind', ({ lagMs }) =>
      lagMs === null ? null : lagMs / 1_000,
    );
  }
}
