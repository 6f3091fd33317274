/** Who asks for what: any seed gives the same requests in the same order, however many processes send them. */
export interface RequestMix {
  readonly weights: readonly number[];
  readonly clients: number;
  /** The share of all requests that come from the first client; spread evenly when left out. */
  readonly hotClientShare?: number;
}

export interface PickedRequest {
  readonly kind: number;
  readonly client: number;
  /** From 0 up to 1: what else a request chooses, for example its product. */
  readonly choice: number;
}

/** What request number so and so is. */
export function newPicker(mix: RequestMix, seed: number): (number: number) => PickedRequest {
  const total = mix.weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const limits = mix.weights.map((weight) => (sum += weight) / total);
  const lastKind = limits.length - 1;
  return (number) => {
    const share = uniform(seed, number, 1);
    let kind = 0;
    while (kind < lastKind && share >= (limits[kind] ?? 1)) kind += 1;
    return {
      kind,
      client: clientAt(mix, uniform(seed, number, 2)),
      choice: uniform(seed, number, 3),
    };
  };
}

/** The client at a place from 0 up to 1, along which all clients lie, each as long as its share of the requests. */
export function clientAt({ clients, hotClientShare }: Omit<RequestMix, 'weights'>, share: number): number {
  if (clients < 2) return 0;
  if (hotClientShare === undefined) return Math.floor(share * clients);
  if (share < hotClientShare) return 0;
  return 1 + Math.floor(((share - hotClientShare) / (1 - hotClientShare)) * (clients - 1));
}

/** How many of `count` things each client has, by its share of the requests; each has one at least. */
export function shareOut({ clients, hotClientShare }: Omit<RequestMix, 'weights'>, count: number): number[] {
  const hot = clients < 2 ? 1 : (hotClientShare ?? 1 / clients);
  return Array.from({ length: clients }, (_, client) =>
    Math.max(1, Math.floor(count * (client === 0 ? hot : (1 - hot) / (clients - 1)))),
  );
}

/** From 0 up to 1, by MurmurHash3's finalizer (Appleby), in which every bit of the input moves every bit of the result. */
function uniform(seed: number, number: number, purpose: number): number {
  let hash = Math.imul(number, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b) ^ Math.imul(purpose, 0xc2b2ae35);
  for (let round = 0; round < 2; round++) {
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}
