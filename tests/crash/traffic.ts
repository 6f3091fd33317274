import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { tristate, type TestPlatform } from '../e2e/platform.js';
import { type Product, ShopClient } from '../e2e/shop-client.js';
import { waitUntil } from '../e2e/wait-until.js';

const READERS = 4;
/** So many answers in a row that it was no accident who gave them. */
const IN_A_ROW = 40;
const DEADLINE_MS = 60_000;
/** Of nginx, and between the services; at the end as they were. All of them are tried without a shop around them. */
const SWITCHED = [
  ['least-conn', 'ewma'],
  ['consistent-hash', 'least-request'],
  ['round-robin', 'round-robin'],
] as const;
const INVENTORY = ['inventory-1', 'inventory-2'];

const viewSchema = z.object({
  settled: z.boolean(),
  members: z.array(z.object({ name: z.string(), state: z.string() })),
});

/** Traffic goes on while members fail and strategies change: no reader sees anything of it. */
export function describeTraffic(platform: () => TestPlatform, product: () => Product | undefined): void {
  describe('readers notice nothing', () => {
    const whileReading = async (work: (readers: Readers) => Promise<void>): Promise<void> => {
      const readers = new Readers(platform().url, `/api/products/${product()?.sku}`);
      try {
        await readers.areServedBy(INVENTORY);
        await work(readers);
      } finally {
        await readers.stop();
      }
      expect(readers.wrongAnswers).toEqual([]);
    };

    const pidOf = (name: string): Promise<number> => platform().pidOf(name);
    const call = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await tristate([
        ...args,
        '--state',
        platform().stateFolder,
        '--json',
      ]);
      if (exitCode !== 0) throw new Error(`tristate ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
      return stdout;
    };

    const deadMembers = async (): Promise<string[]> => {
      const { settled, members } = viewSchema.parse(JSON.parse(await call('members')));
      if (!settled) return ['not settled'];
      return members.filter(({ state }) => state !== 'alive').map(({ name }) => name);
    };

    it('when a copy stands still, is left out, and comes back', () =>
      whileReading(async (readers) => {
        const pid = await pidOf('inventory-1');
        process.kill(pid, 'SIGSTOP');
        try {
          await readers.areServedBy(['inventory-2']);
          expect(await deadMembers()).toEqual(['inventory-1']);
        } finally {
          process.kill(pid, 'SIGCONT');
        }
        await readers.areServedBy(INVENTORY);
        expect(await pidOf('inventory-1')).toBe(pid);
      }));

    it('when the registry dies, and rebuilds its view', () =>
      whileReading(async (readers) => {
        const pid = await pidOf('registry');
        process.kill(pid, 'SIGKILL');
        await waitUntil('a registry that knows everybody again', DEADLINE_MS, async () => {
          const current = await pidOf('registry').catch(() => pid);
          if (current === pid) return undefined;
          const dead = await deadMembers().catch(() => undefined);
          return dead?.length === 0 ? true : undefined;
        });
        await readers.areServedBy(INVENTORY);
      }));

    it('when strategies are switched', () =>
      whileReading(async (readers) => {
        for (const [frontDoor, grpc] of SWITCHED) {
          await call('balance', 'set', frontDoor, '--grpc', grpc);
          await readers.readOn();
        }
        await readers.areServedBy(INVENTORY);
      }));
  });
}

/** Clients that read one page again and again, and remember who answered. */
class Readers {
  readonly wrongAnswers: string[] = [];
  #servedBy: string[] = [];
  #isOver = false;
  readonly #running: Promise<unknown>;

  constructor(url: string, path: string) {
    this.#running = Promise.all(
      Array.from({ length: READERS }, async () => {
        const client = new ShopClient(url);
        while (!this.#isOver) await this.#readOnce(client, path);
      }),
    );
  }

  async #readOnce(client: ShopClient, path: string): Promise<void> {
    try {
      const { status, headers, text } = await client.get(path);
      if (status !== 200) this.wrongAnswers.push(`${status} ${text}`);
      this.#servedBy.push(headers.get('x-served-by') ?? 'nobody');
    } catch (error) {
      this.wrongAnswers.push(String(error));
    }
  }

  /** Resolves when the latest answers came from these, and from no others. */
  async areServedBy(names: readonly string[]): Promise<void> {
    const latest = (): string[] => [...new Set(this.#servedBy.slice(-IN_A_ROW))].sort();
    await waitUntil(
      `answers from ${names.join(' and ')} alone`,
      DEADLINE_MS,
      () => (this.#servedBy.length >= IN_A_ROW && latest().join() === names.join() ? true : undefined),
      () => `The latest are from ${latest().join(' and ')}.`,
    );
  }

  /** Resolves when as many more answers have come. */
  async readOn(): Promise<void> {
    const before = this.#servedBy.length;
    await waitUntil('more answers', DEADLINE_MS, () =>
      this.#servedBy.length >= before + IN_A_ROW ? true : undefined,
    );
  }

  stop(): Promise<unknown> {
    this.#isOver = true;
    return this.#running;
  }
}
