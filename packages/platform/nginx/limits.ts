import { underPressure, untold } from '../overload/pressure.js';
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

/** Whose doors are nearly closed: at least half of the service's copies are under pressure. */
export function servicesUnderPressure({ limits, upstreams }: Limited): string[] {
  if (limits?.enabled !== true) return [];
  return limitedServices.filter((service) => {
    const copies = usable(upstreams.get(service));
    const pressed = copies.filter((copy) => copy.underPressure === true);
    return pressed.length > 0 && 2 * pressed.length >= copies.length;
  });
}

/** What is counted for the limits: an empty key is not. */
export function limitZoneLines({ limits, upstreams }: Limited): string[] {
  if (limits?.enabled !== true) return [];
  const services = limitedOf(upstreams);
  const counted = [
    ...services.map((service) => ({ service, zone: readZone(service), key: '$counted_read' })),
    ...(services.includes('order') ? [{ service: 'order', zone: 'orders', key: '$counted_order' }] : []),
  ];
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
    ...counted.map(({ zone, key }) => zoneLine(zone, key)),
    ...(isTold(upstreams)
      ? counted.flatMap(({ service, zone, key }) => tightZoneLines(service, zone, key))
      : []),
    'limit_conn_status 503;',
    'limit_conn_log_level info;',
    '',
  ];
}

/** In the server: who is under pressure as this request comes. */
export function pressureLines({ limits, upstreams }: Limited): string[] {
  if (limits?.enabled !== true || !isTold(upstreams)) return [];
  return [
    `root ${pressureFolder};`,
    ...limitedOf(upstreams).flatMap((service) => [
      `set $${service}_pressure "";`,
      `if (-f $document_root/${service}) { set $${service}_pressure pressed; }`,
    ]),
    '',
  ];
}

/** In the location of a service, whose requests go to an upstream. */
export function limitLines({ limits, upstreams }: Limited, service: string, upstream: string): string[] {
  if (limits?.enabled !== true) return [];
  const copies = Math.max(1, usable(upstreams.get(upstream)).length);
  const lines = (zone: string, each: number): string[] =>
    isTold(upstreams)
      ? [
          `  limit_conn ${zone} ${copies * each};`,
          `  limit_conn ${tight(zone)} ${copies * underPressure(each)};`,
        ]
      : // Where nobody says when it is too much, it has to be little always.
        [`  limit_conn ${zone} ${copies * untold(each)};`];
  return [
    ...lines(readZone(service), limits.readsUnderWay),
    ...(service === 'order' ? lines('orders', limits.ordersUnderWay) : []),
  ];
}

function isTold(upstreams: FrontDoor['upstreams']): boolean {
  return upstreams.has('registry');
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

/** The same requests, counted only while the service is under pressure. */
function tightZoneLines(service: string, zone: string, key: string): string[] {
  return [
    `map "$${service}_pressure ${key}" $counted_${tight(zone)} {`,
    '  "~^pressed ." counted;',
    '  default "";',
    '}',
    zoneLine(tight(zone), `$counted_${tight(zone)}`),
  ];
}

function readZone(service: string): string {
  return `${service}_reads`;
}

function tight(zone: string): string {
  return `${zone}_under_pressure`;
}
