import { z } from 'zod';

const cacheProtections = z.strictObject({
  /** An absent key is remembered as absent. */
  nullMarker: z.boolean(),
  /** Skus that were never seen do not reach the database. */
  filter: z.boolean(),
  /** One load for a key in a process, and one lease for it across processes. */
  singleFlight: z.boolean(),
  /** A value that has just expired is served while one reader fetches it anew. */
  staleWhileRevalidate: z.boolean(),
  /** No two values that are stored together expire together. */
  jitter: z.boolean(),
  /** Loads that run at once are bounded, whatever Redis does. */
  boundedLoads: z.boolean(),
  /** What was read before a write cannot be stored after it. */
  versions: z.boolean(),
  /** While Redis is away, a process answers from what it has read last. */
  localCopies: z.boolean(),
});

/** What an operator may change while the shop is open; what is left out stays as it was configured. */
export const settingsSchema = z
  .strictObject({
    cache: cacheProtections.partial().optional(),
    overload: z.strictObject({ enabled: z.boolean() }).partial().optional(),
  })
  .meta({ id: 'Settings' });

export type SettingsChange = z.infer<typeof settingsSchema>;
export type CacheProtections = z.infer<typeof cacheProtections>;
export type CacheProtection = keyof CacheProtections;

export const cacheProtectionNames = Object.keys(cacheProtections.shape) as CacheProtection[];

export function allProtections(on: boolean): CacheProtections {
  return Object.fromEntries(cacheProtectionNames.map((name) => [name, on])) as CacheProtections;
}

const allOn = allProtections(true);

/** The switches of one process: as configured, until the registry says otherwise. They end with its stream. */
export class Settings {
  private change: SettingsChange = {};
  private protections = allOn;

  constructor(private readonly configured: { readonly overload: { readonly enabled: boolean } }) {}

  get cache(): CacheProtections {
    return this.protections;
  }

  get sheds(): boolean {
    return this.change.overload?.enabled ?? this.configured.overload.enabled;
  }

  /** @param json a SettingsChange, which replaces the one before; empty for none */
  apply(json: string): void {
    this.change = json === '' ? {} : settingsSchema.parse(JSON.parse(json));
    const { cache = {} } = this.change;
    this.protections = { ...allOn };
    for (const name of cacheProtectionNames) this.protections[name] = cache[name] ?? true;
  }
}
