import { isUnderPressure, underPressure, untold } from '../overload/pressure.js';
import type { FrontDoor } from './front-door.js';
import type { UpstreamServer } from './upstream.js';

type Limited = Pick<FrontDoor, 'limits' | 'upstreams'>;

/** Those whose copies are given no more than they can do; the control plane is let through, or nobody could mend anything. */
const limitedServices = ['account', 'inventory', 'order', 'search'];

/**
 * The folder, relative to nginx's prefix, in which a file named as a service says that it is under pressure. nginx looks at each request: a
 * reload, the other way of telling it, would start new workers and close all connections just when everybody is busy.
 */
export const pressureFolder = 'pressure';

/** A status that no service answers with. */
const handedOn = 418;

/** Whose doors are nearly closed. */
export function servicesUnderPressure({ limits, upstreams }: Limited): string[] {
  if (limits?.enabled !== true) return [];
  return limitedServices.filter((service) => isUnderPressure(usable(upstreams.get(service))));
}

/** What is counted for the limits: an empty key is not. */
export function limitZoneLines({ limits, upstreams }: Limited): string[] {
  if (limits?.enabled !== true) return [];
  const services = limitedOf(upstreams);
  return [
    'map $request_method $counted_read {',
    '  GET read;',
    '  HEAD read;',
    '  default "";',
    '}',
    'map "$request_method $uri" $counted_order {',
    '  "~^POST /api/orders/?$" order;',
    '  default "";',
    '}',
    ...services.map((service) => zoneLine(readZone(service), '$counted_read')),
    ...(services.includes('order') ? [zoneLine('orders', '$counted_order')] : []),
    'limit_conn_status 503;',
    'limit_conn_log_level info;',
    '',
  ];
}

/**
 * In the server: a location that finds its service under pressure hands the request on to another, which has lower limits on the same
 * counters. So what was under way before counts there, too.
 */
export function pressureLines(door: Limited): string[] {
  if (!looksForPressure(door)) return [];
  return [
    `root ${pressureFolder};`,
    `error_page ${handedOn} = @\${service}_under_pressure;`,
    '# What is refused there is answered with a problem document, too.',
    'recursive_error_pages on;',
    '',
  ];
}

/** Within the location of a service, whose requests go to an upstream. */
export function limitLines(door: Limited, service: string, upstream: string): string[] {
  // Where nobody says when it is too much, it has to be little always.
  if (!looksForPressure(door)) return connectionLimits(door, service, upstream, untold);
  return [
    `set $service ${service};`,
    `if (-f $document_root/${service}) { return ${handedOn}; }`,
    ...connectionLimits(door, service, upstream, (each) => each),
  ];
}

/** Within the location that takes over while the service is under pressure. */
export function limitLinesUnderPressure(door: Limited, service: string, upstream: string): string[] {
  return connectionLimits(door, service, upstream, underPressure);
}

/** Whether there are locations for what is under pressure, and files that say so. */
export function looksForPressure({ limits, upstreams }: Limited): boolean {
  return limits?.enabled === true && upstreams.has('registry');
}

function connectionLimits(
  { limits, upstreams }: Limited,
  service: string,
  upstream: string,
  ofEach: (most: number) => number,
): string[] {
  if (limits?.enabled !== true) return [];
  const copies = Math.max(1, usable(upstreams.get(upstream)).length);
  return [
    `limit_conn ${readZone(service)} ${copies * ofEach(limits.readsUnderWay)};`,
    ...(service === 'order' ? [`limit_conn orders ${copies * ofEach(limits.ordersUnderWay)};`] : []),
  ];
}

function usable(copies: readonly UpstreamServer[] = []): UpstreamServer[] {
  return copies.filter(({ down }) => down !== true);
}

/** Those of them that run, by themselves or within the monolith, in which there is no search. */
function limitedOf(upstreams: FrontDoor['upstreams']): string[] {
  const withinMonolith = (service: string): boolean => upstreams.has('monolith') && service !== 'search';
  return limitedServices.filter((service) => upstreams.has(service) || withinMonolith(service));
}

function zoneLine(zone: string, key: string): string {
  return `limit_conn_zone ${key} zone=${zone}:32k;`;
}

function readZone(service: string): string {
  return `${service}_reads`;
}
