import type { BalancingConfig } from '#platform/config/process-config.js';
import { adaptedFactor } from '#protocols/balancing/adaptive-weight.js';
import {
  clientStrategies,
  frontDoorStrategies,
  fullWeight,
  leastWeight,
  mostWeight,
} from '#protocols/balancing/strategy.js';
import type { AuditLog } from './audit-log.js';

/** What the board needs to know of a member. */
export interface BalancedMember {
  readonly name: string;
  readonly service: string;
  /** 0 to 1 of a core. */
  readonly load: number;
  /** Whether it takes part: the load of who is dead or starting says nothing. */
  readonly isSettled: boolean;
}

interface BalancingBoardOptions {
  /** What holds until somebody changes it. */
  readonly configured: BalancingConfig;
  readonly members: () => readonly BalancedMember[];
  readonly audit: AuditLog;
  /** Everybody is to be told. */
  readonly changed: () => void;
}

/** What is left out stays as it is. */
export interface BalancingChange {
  readonly frontDoor?: string | undefined;
  readonly grpc?: string | undefined;
  readonly adaptive?: boolean | undefined;
  /** Of a full share of 100, by the name of the member. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
}

export interface BalancingRefusal {
  readonly code: 'unknown-strategy' | 'unknown-member' | 'weight-out-of-range';
  readonly detail: string;
}

export interface BalancingState extends BalancingConfig {
  /** In force for every member: what was set, times what its load asks for. */
  readonly weights: Readonly<Record<string, number>>;
}

/** How often weights follow the loads. Each change of a weight reloads nginx. */
const adaptEveryMs = 2_000;
/** Weights move in steps of a tenth: less is not worth a reload. */
const steps = 10;

/** How copies are chosen, and with which weights. It is in memory only: when the registry ends, all is as it was configured. */
export class BalancingBoard {
  private state: BalancingConfig;
  private readonly set = new Map<string, number>();
  private readonly factors = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: BalancingBoardOptions) {
    this.state = options.configured;
    this.timer = setInterval(() => this.adapt(), adaptEveryMs);
    this.timer.unref();
  }

  view(): BalancingConfig {
    return this.state;
  }

  weightOf(member: string): number {
    const set = this.set.get(member) ?? fullWeight;
    const factor = this.state.adaptive ? (this.factors.get(member) ?? 1) : 1;
    return Math.max(leastWeight, Math.round((set * Math.round(factor * steps)) / steps));
  }

  current(): BalancingState {
    const members = this.options.members();
    return {
      ...this.state,
      weights: Object.fromEntries(members.map(({ name }) => [name, this.weightOf(name)])),
    };
  }

  /** Puts a change in force, whole or not at all. */
  change(change: BalancingChange): BalancingRefusal | undefined {
    const { frontDoor, grpc } = this.state;
    const chosen = {
      frontDoor: frontDoorStrategies.find((name) => name === (change.frontDoor ?? frontDoor)),
      grpc: clientStrategies.find((name) => name === (change.grpc ?? grpc)),
    };
    if (chosen.frontDoor === undefined)
      return unknownStrategy('frontDoor', change.frontDoor, frontDoorStrategies);
    if (chosen.grpc === undefined) return unknownStrategy('grpc', change.grpc, clientStrategies);
    const weights = Object.entries(change.weights ?? {});
    const refusal = this.refuseWeights(weights);
    if (refusal !== undefined) return refusal;
    this.options.audit.add('admin', 'balancing-changed', { before: this.state, change });
    this.state = {
      frontDoor: chosen.frontDoor,
      grpc: chosen.grpc,
      adaptive: change.adaptive ?? this.state.adaptive,
    };
    // Who is asked to adapt begins with what was set.
    if (!this.state.adaptive) this.factors.clear();
    for (const [name, weight] of weights) this.set.set(name, weight);
    this.options.changed();
    return undefined;
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Moves the weights towards equal loads. */
  adapt(): void {
    if (!this.state.adaptive) return;
    const settled = this.options.members().filter(({ isSettled }) => isSettled);
    for (const { name, service, load } of settled) {
      const loads = settled.filter((one) => one.service === service).map((one) => one.load);
      const mean = loads.reduce((sum, one) => sum + one, 0) / loads.length;
      this.factors.set(name, adaptedFactor(this.factors.get(name) ?? 1, load, mean));
    }
    this.options.changed();
  }

  private refuseWeights(weights: readonly (readonly [string, number])[]): BalancingRefusal | undefined {
    const names = this.options.members().map(({ name }) => name);
    for (const [name, weight] of weights) {
      if (!names.includes(name)) {
        return {
          code: 'unknown-member',
          detail: `There is no member ${name}; there are ${names.join(', ')}`,
        };
      }
      if (!Number.isInteger(weight) || weight < leastWeight || weight > mostWeight) {
        const range = `a whole number from ${leastWeight} to ${mostWeight}`;
        return {
          code: 'weight-out-of-range',
          detail: `The weight of ${name} must be ${range}, not ${weight}`,
        };
      }
    }
    return undefined;
  }
}

function unknownStrategy(
  side: string,
  asked: string | undefined,
  known: readonly string[],
): BalancingRefusal {
  return { code: 'unknown-strategy', detail: `${side}: there is no ${asked}; there are ${known.join(', ')}` };
}
