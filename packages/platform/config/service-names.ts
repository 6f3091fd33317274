/** The services, in the order in which their databases are made. */
export const serviceNames = [
  'account',
  'inventory',
  'order',
  'coordinator',
  'registry',
  'supervisor',
  'monolith',
  'search',
] as const;
export type ServiceName = (typeof serviceNames)[number];
