import {
  connectivityState as State,
  experimental,
  status as GrpcStatus,
  type ChannelOptions,
} from '@grpc/grpc-js';
import { Chooser } from '#protocols/balancing/chooser.js';
import { clientStrategies, type ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';
import { avoidedAddressKey, balancingKeyKey } from '../scope-metadata.js';
import { contextOf, type ChannelContext } from './channel-context.js';
import { callEndOf } from './circuits.js';
import { PolicyConfig, policyName } from './policy-config.js';

type Leaf = experimental.LeafLoadBalancer;

/**
 * A load-balancing policy of grpc-js for one strategy: it keeps a connection to every copy and chooses one of those that are
 * connected, and whose circuit is closed, for each call.
 */
class StrategyPolicy implements experimental.LoadBalancer {
  private readonly leaves = new Map<string, Leaf>();
  private readonly childHelper: experimental.ChannelControlHelper;
  private chooser: Chooser | undefined;
  private context: ChannelContext | undefined;
  private isReady = false;
  private isUpdating = false;
  private lastError = 'nothing was tried yet';

  constructor(
    private readonly helper: experimental.ChannelControlHelper,
    private readonly strategy: ClientStrategy,
  ) {
    this.childHelper = experimental.createChildChannelControlHelper(helper, {
      updateState: (state, _picker, error) => {
        if (error !== null) this.lastError = error;
        if (this.isReady && state !== State.READY) helper.requestReresolution();
        this.report();
      },
    });
  }

  updateAddressList(
    list: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    note: string,
  ): boolean {
    if (!(config instanceof PolicyConfig) || !list.ok) return false;
    this.context = contextOf(options);
    this.chooser ??= new Chooser(this.strategy, this.context.self);
    this.chooser.update(config.targets);
    this.isUpdating = true;
    const kept = new Set<string>();
    for (const endpoint of list.value) {
      const address = addressOf(endpoint);
      kept.add(address);
      if (this.leaves.has(address)) continue;
      const leaf = new experimental.LeafLoadBalancer(endpoint, this.childHelper, options, note);
      this.leaves.set(address, leaf);
      leaf.startConnecting();
    }
    for (const [address, leaf] of this.leaves) {
      if (kept.has(address)) continue;
      // Calls under way keep their connection; no new one gets it.
      leaf.destroy();
      this.leaves.delete(address);
    }
    this.isUpdating = false;
    this.report();
    return true;
  }

  exitIdle(): void {
    for (const leaf of this.leaves.values()) leaf.exitIdle();
  }

  resetBackoff(): void {
    // The leaves have none that can be reset.
  }

  destroy(): void {
    for (const leaf of this.leaves.values()) leaf.destroy();
    this.leaves.clear();
  }

  getTypeName(): string {
    return policyName(this.strategy);
  }

  /** Tells the channel how things stand, and has every copy connected. */
  private report(): void {
    if (this.isUpdating || this.chooser === undefined || this.context === undefined) return;
    const states = [...this.leaves.values()].map((leaf) => leaf.getConnectivityState());
    this.isReady = states.includes(State.READY);
    if (this.isReady) {
      const ready = [...this.leaves].filter(([, leaf]) => leaf.getConnectivityState() === State.READY);
      const picker = new StrategyPicker(this.chooser, this.context, new Map(ready));
      this.helper.updateState(State.READY, picker, null);
    } else if (states.includes(State.CONNECTING) || states.includes(State.IDLE)) {
      this.helper.updateState(State.CONNECTING, new experimental.QueuePicker(this), null);
    } else {
      const details = `unavailable: no copy can be reached (${this.lastError})`;
      this.helper.updateState(
        State.TRANSIENT_FAILURE,
        new experimental.UnavailablePicker({ details }),
        details,
      );
    }
    for (const leaf of this.leaves.values()) {
      if (leaf.getConnectivityState() === State.IDLE) leaf.exitIdle();
    }
  }
}

class StrategyPicker implements experimental.Picker {
  constructor(
    private readonly chooser: Chooser,
    private readonly context: ChannelContext,
    private readonly ready: ReadonlyMap<string, Leaf>,
  ) {}

  pick(args: experimental.PickArgs): experimental.PickResult {
    const address = this.choose(args);
    const leaf = address === undefined ? undefined : this.ready.get(address);
    if (address === undefined || leaf === undefined) {
      const details = 'unavailable: the circuits of all copies are open';
      return new experimental.UnavailablePicker({ details }).pick(args);
    }
    const picked = leaf.getPicker().pick(args);
    if (picked.pickResultType !== experimental.PickResultType.COMPLETE) return picked;
    return this.observed(address, picked);
  }

  private choose({ metadata }: experimental.PickArgs): string | undefined {
    const nowMs = performance.now();
    const key = metadata.get(balancingKeyKey)[0]?.toString() ?? '';
    const avoided = metadata.get(avoidedAddressKey)[0]?.toString();
    const isAllowed = (address: string): boolean =>
      this.ready.has(address) && this.context.circuits.allows(address, nowMs);
    const choice = { key, nowMs, random: Math.random };
    const another = this.chooser.choose({
      ...choice,
      isUsable: (address) => address !== avoided && isAllowed(address),
    });
    return (
      another ?? (avoided === undefined ? undefined : this.chooser.choose({ ...choice, isUsable: isAllowed }))
    );
  }

  /** Counts the call from when it is sent: a pick may be repeated before. */
  private observed(address: string, picked: experimental.PickResult): experimental.PickResult {
    const { chooser, context } = this;
    let begunAtMs = 0;
    return {
      ...picked,
      onCallStarted: () => {
        picked.onCallStarted?.();
        begunAtMs = performance.now();
        chooser.begun(address);
        context.circuits.begun(address, begunAtMs);
        context.metrics.balancingChoices.inc({ address });
      },
      onCallEnded: (code, details, metadata) => {
        picked.onCallEnded?.(code, details, metadata);
        const nowMs = performance.now();
        chooser.ended(address, { tookMs: nowMs - begunAtMs, ok: code === GrpcStatus.OK, nowMs });
        context.circuits.ended(address, callEndOf(code), nowMs);
      },
    };
  }
}

function addressOf(endpoint: experimental.Endpoint): string {
  const [address] = endpoint.addresses;
  return address === undefined ? '' : experimental.subchannelAddressToString(address);
}

/** Makes every strategy known to grpc-js by its name. */
export function registerPolicies(): void {
  for (const strategy of clientStrategies) {
    experimental.registerLoadBalancerType(
      policyName(strategy),
      class extends StrategyPolicy {
        constructor(helper: experimental.ChannelControlHelper) {
          super(helper, strategy);
        }
      },
      class extends PolicyConfig {
        static createFromJson({ targets }: { targets: readonly Target[] }): PolicyConfig {
          return new PolicyConfig(strategy, targets);
        }
      },
    );
  }
}
