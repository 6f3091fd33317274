import { status as GrpcStatus } from '@grpc/grpc-js';
import { CircuitBreaker } from '#protocols/balancing/circuit-breaker.js';
import type { Metrics } from '../../metrics/metrics.js';

/** Addresses that are remembered; copies that were replaced are forgotten beyond it. */
const mostCircuits = 1_000;

/** The circuit breakers of one process: one for each address that it calls, whatever client it calls it through. */
export class Circuits {
  private readonly breakers = new Map<string, CircuitBreaker>();

  constructor(private readonly metrics: Pick<Metrics, 'circuitOpened'>) {}

  allows(address: string, nowMs: number): boolean {
    return this.breakers.get(address)?.allows(nowMs) ?? true;
  }

  begun(address: string, nowMs: number): void {
    this.breakers.get(address)?.begun(nowMs);
  }

  ended(address: string, end: CallEnd, nowMs: number): void {
    if (end === 'abandoned') this.breakers.get(address)?.abandoned();
    else if (end === 'silent') this.failed(address, nowMs);
    else this.breakers.get(address)?.succeeded();
  }

  private failed(address: string, nowMs: number): void {
    const breaker = this.breakers.get(address) ?? this.add(address);
    const before = breaker.state(nowMs);
    breaker.failed(nowMs);
    if (before !== 'open' && breaker.state(nowMs) === 'open') this.metrics.circuitOpened.inc({ address });
  }

  private add(address: string): CircuitBreaker {
    const breaker = new CircuitBreaker();
    this.breakers.set(address, breaker);
    const [oldest] = this.breakers.keys();
    if (this.breakers.size > mostCircuits && oldest !== undefined) this.breakers.delete(oldest);
    return breaker;
  }
}

/** How a call ended, as far as it tells whether its callee is there. */
export type CallEnd = 'answered' | 'silent' | 'abandoned';

export function callEndOf(code: GrpcStatus): CallEnd {
  if (code === GrpcStatus.CANCELLED) return 'abandoned';
  return isNoAnswer(code) ? 'silent' : 'answered';
}

/** Whether a call ended without the callee having said anything; what it refuses, also for overload, is an answer. */
export function isNoAnswer(code: GrpcStatus): boolean {
  return (
    code === GrpcStatus.UNAVAILABLE ||
    code === GrpcStatus.DEADLINE_EXCEEDED ||
    code === GrpcStatus.INTERNAL ||
    code === GrpcStatus.UNKNOWN
  );
}
