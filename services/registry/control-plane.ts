import type { FaultActed } from '#generated/tristate/control/v1/control.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import type { GrpcClients } from '#platform/grpc/grpc-client.js';
import type { Logger } from '#platform/logging/logger.js';
import { AuditLog } from './domain/audit-log.js';
import { FaultBoard } from './domain/fault-board.js';
import { SettingsBoard } from './domain/settings-board.js';
import { targetsOf } from './domain/targets.js';
import { TraceBoard } from './domain/trace-board.js';
import { TransactionEvents } from './domain/transaction-events.js';
import { ControlChannels, type ControlSource } from './storage/control-channels.js';
import { Coordinators } from './storage/coordinators.js';

/** Faults, traces and what is known of transactions, with the streams by which the processes take part in it. */
export class ControlPlane {
  readonly audit: AuditLog;
  readonly faults: FaultBoard;
  readonly traces: TraceBoard;
  readonly events = new TransactionEvents();
  readonly channels: ControlChannels;
  readonly coordinators: Coordinators;
  readonly settings: SettingsBoard;
  /** Whether there are processes that can be told anything. */
  readonly hasTargets: boolean;

  constructor(config: Pick<ProcessConfig, 'topology' | 'peers'>, clients: GrpcClients, logger: Logger) {
    const targets = targetsOf(config.topology);
    const changed = (): void => this.channels.push();
    this.audit = new AuditLog(logger);
    this.faults = new FaultBoard({ targets, audit: this.audit, changed });
    this.traces = new TraceBoard(this.audit, changed);
    this.settings = new SettingsBoard(this.audit);
    this.settings.onChange(changed);
    this.hasTargets = targets.length > 0;
    this.channels = new ControlChannels(clients, targets, this.source(), logger);
    this.coordinators = new Coordinators(clients, config.peers.get('coordinator') ?? []);
  }

  close(): void {
    this.faults.close();
    this.traces.close();
    this.channels.close();
    this.coordinators.close();
  }

  private source(): ControlSource {
    return {
      stateOf: (process) => ({
        faults: this.faults.faultsOf(process),
        tracedCorrelationIds: this.traces.correlationIds(),
        settings: this.settings.json,
      }),
      attached: (process) => this.events.attached(process),
      detached: (process) => {
        this.faults.detached(process);
        this.events.detached(process);
      },
      faultActed: (process, acted) => this.faultActed(process, acted),
      happened: (events) => {
        for (const event of events) this.events.add(event);
      },
    };
  }

  private faultActed(process: string, { faultId, gid, atUs }: FaultActed): void {
    const fault = this.faults.acted(process, faultId);
    if (fault === undefined) return;
    const { point, action } = fault;
    // A process that dies takes what it remembers with it.
    this.events.add({ gid, process, atUs, what: { kind: 'fault', point, action } });
    if (action === 'crash') this.events.crashing(process, gid);
  }
}
