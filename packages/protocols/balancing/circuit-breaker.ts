/** So many failures in a row open the circuit: one or two belong to a copy that is being restarted. */
export const failuresToOpen = 5;
const firstOpenMs = 500;
const longestOpenMs = 8_000;

export type CircuitState = 'closed' | 'open' | 'half-open';

/**
 * Keeps callers from a copy that does not answer (Nygard, "Release It!", 2007, chapter 5). Open, nobody asks it; after a while one
 * request may try, and its end decides: closed, or open for twice as long.
 */
export class CircuitBreaker {
  private failures = 0;
  private openForMs = firstOpenMs;
  private openUntilMs = 0;
  private isTrying = false;
  private tryEndsMs = 0;

  state(nowMs: number): CircuitState {
    if (this.failures < failuresToOpen) return 'closed';
    return nowMs < this.openUntilMs ? 'open' : 'half-open';
  }

  /** Whether a request may be sent; it is asked before each choice and changes nothing. */
  allows(nowMs: number): boolean {
    const state = this.state(nowMs);
    // A try whose end nobody told of must not keep the circuit half open for ever.
    return state === 'closed' || (state === 'half-open' && (!this.isTrying || nowMs >= this.tryEndsMs));
  }

  /** A request is sent. */
  begun(nowMs: number): void {
    if (this.state(nowMs) !== 'half-open') return;
    this.isTrying = true;
    this.tryEndsMs = nowMs + longestOpenMs;
  }

  succeeded(): void {
    this.failures = 0;
    this.openForMs = firstOpenMs;
    this.isTrying = false;
  }

  /** The copy could not be reached, or did not answer in time. What it refused is an answer. */
  failed(nowMs: number): void {
    const state = this.state(nowMs);
    // Requests that were under way when it opened tell nothing new.
    if (state === 'open') return;
    this.isTrying = false;
    this.failures += 1;
    if (this.failures < failuresToOpen) return;
    if (state === 'half-open') this.openForMs = Math.min(longestOpenMs, this.openForMs * 2);
    this.openUntilMs = nowMs + this.openForMs;
  }

  /** The end of a request tells nothing, as when its caller went. */
  abandoned(): void {
    this.isTrying = false;
  }
}
