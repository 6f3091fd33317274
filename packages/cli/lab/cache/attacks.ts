import type { RedisOfRun } from './redis-of-run.js';
import type { Readers, ReadsSummary } from './readers.js';

export const attackNames = ['penetration', 'random', 'breakdown', 'avalanche', 'redis-down'] as const;
export type AttackName = (typeof attackNames)[number];

export interface Scene {
  readonly readers: Readers;
  readonly redis: RedisOfRun;
  /** All that the shop sells. */
  readonly skus: readonly string[];
  readonly seconds: number;
  readonly perSecond: number;
  readonly mendLater: (mend: () => void) => void;
}

interface Attack {
  readonly what: string;
  /** Longer than `--seconds` where what it shows takes longer. */
  readonly leastSeconds: number;
  perform(scene: Scene): Promise<ReadsSummary>;
}

/** A value's TTL with the longest jitter, and a second more. */
const longestExpirySeconds = 15;
const expireEveryMs = 1_000;
const msPerSecond = 1_000;

const absentSku = 'NO-SUCH-PRODUCT';

export const attacks: Readonly<Record<AttackName, Attack>> = {
  penetration: {
    what: 'everybody asks for one product that does not exist',
    leastSeconds: 1,
    perform: (scene) => readFor(scene, () => absentSku),
  },
  random: {
    what: 'everybody asks for products that do not exist, each time for another one',
    leastSeconds: 1,
    perform: (scene) => readFor(scene, () => `NO-SUCH-${Math.random().toString(36).slice(2)}`),
  },
  breakdown: {
    what: 'everybody asks for one product, which expires once in each second',
    leastSeconds: 1,
    perform: async (scene) => {
      const [hot = ''] = scene.skus;
      const timer = setInterval(() => void scene.redis.expire(hot).catch(() => undefined), expireEveryMs);
      try {
        return await readFor(scene, () => hot);
      } finally {
        clearInterval(timer);
      }
    },
  },
  avalanche: {
    what: 'all products were cached in the same moment, and expire together',
    leastSeconds: longestExpirySeconds,
    perform: (scene) => readFor(scene, () => oneOf(scene.skus)),
  },
  'redis-down': {
    what: 'Redis stands still, then dies, and comes back without its memory',
    leastSeconds: 6,
    perform: async (scene) => {
      const { redis, seconds, mendLater } = scene;
      const third = (seconds * msPerSecond) / 3;
      let resume = (): void => undefined;
      mendLater(() => resume());
      const timers = [
        setTimeout(() => (resume = redis.pause()), third),
        setTimeout(() => redis.kill(), 2 * third),
      ];
      try {
        return await readFor(scene, () => oneOf(scene.skus));
      } finally {
        timers.forEach(clearTimeout);
        resume();
      }
    },
  },
};

/** What visitors do in peace, to compare with. */
export function visit(scene: Omit<Scene, 'mendLater'>): Promise<ReadsSummary> {
  return readFor(scene, () => oneOf(scene.skus));
}

function readFor(
  { readers, seconds, perSecond }: Pick<Scene, 'readers' | 'seconds' | 'perSecond'>,
  skuOf: () => string,
): Promise<ReadsSummary> {
  const endsAtMs = performance.now() + seconds * msPerSecond;
  return readers.readUntil(() => performance.now() >= endsAtMs, skuOf, perSecond);
}

function oneOf(skus: readonly string[]): string {
  return skus[Math.floor(Math.random() * skus.length)] ?? '';
}
