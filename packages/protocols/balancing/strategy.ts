/** How nginx chooses a copy for a request; docs/balancing.md says what each is good for. */
export const frontDoorStrategies = [
  'round-robin',
  'weighted',
  'least-conn',
  'ip-hash',
  'consistent-hash',
  'random-two',
] as const;
export type FrontDoorStrategy = (typeof frontDoorStrategies)[number];

/** How a process chooses a copy of another service. `ip-hash` takes the caller's own name for the address of a client. */
export const clientStrategies = [...frontDoorStrategies, 'least-request', 'ewma'] as const;
export type ClientStrategy = (typeof clientStrategies)[number];

/** The weight of a copy that takes a full share; also what a copy has that nobody gave one. */
export const fullWeight = 100;

export const leastWeight = 1;
export const mostWeight = 1_000;
