import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';

/** Which copies of the other services there are, and how one is chosen. */
export interface Callees {
  readonly strategy: ClientStrategy;
  /** Those that requests are to be sent to; empty when nothing is known of the service. */
  targets(service: string): readonly Target[];
  /** The addresses of all copies, also of those that no requests are to be sent to now. */
  addresses(service: string): readonly string[];
  /** @returns what ends the listening */
  onChange(listener: () => void): () => void;
}
