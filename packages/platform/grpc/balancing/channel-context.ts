import { experimental, type ChannelOptions } from '@grpc/grpc-js';
import type { Metrics } from '../../metrics/metrics.js';
import type { Callees } from './callees.js';
import type { Circuits } from './circuits.js';

/** What a channel's resolver and policy need of their process. */
export interface ChannelContext {
  /** The process that calls. */
  readonly self: string;
  readonly callees: Callees;
  readonly circuits: Circuits;
  readonly metrics: Pick<Metrics, 'balancingChoices'>;
}

/** grpc-js makes resolvers and policies by itself; the options of the channel are all that reaches them. They do not part connections. */
const key = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.tristate`;

export function withContext(options: ChannelOptions, context: ChannelContext): ChannelOptions {
  // A channel prints its options as JSON.
  return { ...options, [key]: { context, toJSON: () => context.self } };
}

export function contextOf(options: ChannelOptions): ChannelContext {
  const held = options[key] as { context: ChannelContext } | undefined;
  if (held === undefined)
    throw new Error('The channel was not made by GrpcClients: its options have no context');
  return held.context;
}
