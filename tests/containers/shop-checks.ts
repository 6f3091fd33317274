import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { resendingFetch } from '#platform/http/resending-fetch.js';
import { waitUntil } from '../e2e/wait-until.js';
import type { Containers } from './containers.js';

/** Real servers on a busy machine. */
const deadlineMs = 120_000;
const callTimeoutMs = 70_000;
const ordersAtOnce = 4;

interface Cluster {
  readonly epoch: number;
  readonly primary: string | null;
  readonly members: readonly {
    readonly name: string;
    readonly role: string;
    readonly lagBytes: number | null;
  }[];
}

/** What must hold of the shop in containers, also after containers were killed. */
export class ShopChecks {
  constructor(
    private readonly containers: Containers,
    private readonly adminToken: string,
  ) {}

  all(): [string, () => Promise<void> | void][] {
    return [
      [
        'containers may do nothing, and only the front door and Prometheus are reached, from this machine',
        () => this.hardened(),
      ],
      ['two replicas follow the primary', () => this.replicated()],
      [
        'nginx sends nobody to a copy that was killed, and uses it again when it is back',
        () => this.followed(),
      ],
      [
        'the primary is killed under orders: a replica is promoted, and the old one becomes a replica',
        () => this.failedOver(),
      ],
      ['no money and no goods are lost', () => this.conserved()],
      ['a service that is told to stop ends by itself', () => this.stopped()],
    ];
  }

  private hardened(): void {
    for (const { name, hardened, user, published } of this.containers.inspect()) {
      if (/secrets/.test(name)) continue;
      assert.ok(hardened, `${name} has a writable root file system, or rights that it does not need`);
      assert.match(user, /^[1-9]\d*/, `${name} runs as root`);
      if (published.length > 0) assert.match(name, /nginx|prometheus/);
      for (const address of published) assert.equal(address, '127.0.0.1');
    }
  }

  private async replicated(): Promise<void> {
    await this.cluster(
      'two replicas',
      ({ members }) => members.filter(({ role }) => role === 'replica').length === 2,
    );
  }

  private async followed(): Promise<void> {
    this.containers.kill('inventory-1');
    await this.servedBy(['inventory-2']);
    this.containers.start('inventory-1');
    await this.servedBy(['inventory-1', 'inventory-2']);
  }

  private async failedOver(): Promise<void> {
    const { epoch, primary } = await this.cluster('a primary', (view) => view.primary !== null);
    assert.ok(primary !== null);
    const orders = await this.newShopper();
    let ordering = true;
    const workers = Array.from({ length: ordersAtOnce }, async () => {
      while (ordering) await orders();
    });
    this.containers.kill(primary);
    const promoted = await this.cluster('a promotion', (view) => view.epoch > epoch && view.primary !== null);
    assert.notEqual(promoted.primary, primary);
    await waitUntil('an order is confirmed', deadlineMs, async () =>
      (await orders()) === 201 ? true : undefined,
    );
    ordering = false;
    await Promise.all(workers);
    this.containers.start(primary);
    await this.cluster('two replicas again', ({ members }) =>
      members.every(({ name, role }) => role === (name === promoted.primary ? 'primary' : 'replica')),
    );
  }

  private async conserved(): Promise<void> {
    await waitUntil('the invariants hold', deadlineMs, async () => {
      const { body } = await this.call('GET', '/control/invariants', this.adminToken);
      return (body as { ok?: boolean } | undefined)?.ok === true ? true : undefined;
    });
  }

  private stopped(): void {
    assert.equal(this.containers.stop('account-2'), 0);
  }

  private cluster(what: string, isWanted: (view: Cluster) => boolean): Promise<Cluster> {
    let seen: unknown;
    return waitUntil(
      what,
      deadlineMs,
      async () => {
        const { status, body } = await this.call('GET', '/control/database', this.adminToken);
        seen = { status, body };
        return status === 200 && isWanted(body as Cluster) ? (body as Cluster) : undefined;
      },
      () => `At last: ${JSON.stringify(seen)}`,
    );
  }

  /** Resolves when these and no others answer twenty requests for a product in a row. */
  private async servedBy(names: readonly string[]): Promise<void> {
    await waitUntil(`${names.join(', ')} answers`, deadlineMs, async () => {
      const seen = new Set<string>();
      for (let turn = 0; turn < 20; turn += 1)
        seen.add((await this.call('GET', '/api/products/NO-SUCH-SKU')).servedBy);
      return [...seen].sort().join() === names.join() ? true : undefined;
    });
  }

  /** @returns places an order, and answers its status */
  private async newShopper(): Promise<() => Promise<number>> {
    const [owner, password] = [`shopper-${randomUUID().slice(0, 8)}`, randomUUID()];
    await this.call('POST', '/api/accounts', undefined, {
      owner,
      password,
      openingBalanceMinor: 100_000_000,
    });
    const { body } = await this.call('POST', '/api/tokens', undefined, { owner, password });
    const { token } = body as { token: string };
    const page = (await this.call('GET', '/api/products?pageSize=50')).body as {
      items: { sku: string; available: number }[];
    };
    const sku = page.items.sort((left, right) => right.available - left.available)[0]?.sku;
    return async () => {
      const answer = await this.call('POST', '/api/orders', token, { items: [{ sku, quantity: 1 }] });
      return answer.status;
    };
  }

  private async call(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<{ status: number; servedBy: string; body: unknown }> {
    try {
      const response = await resendingFetch(`${this.containers.url}${path}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(callTimeoutMs),
      });
      const text = await response.text();
      const served = response.headers.get('x-served-by') ?? '';
      return { status: response.status, servedBy: served, body: text === '' ? undefined : JSON.parse(text) };
    } catch {
      return { status: 0, servedBy: '', body: undefined };
    }
  }
}
