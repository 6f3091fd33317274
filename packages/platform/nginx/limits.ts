import { underPressure, untold } from '../overload/pressure.js';
import type { FrontDoor } from './front-door.js';
import type { UpstreamServer } from './upstream.js';

/** Those whose copies are given no more than they can do; the control plane is let through, or nobody could mend anything. */
const limitedServices = ['account', 'inventory', 'order', 'search'];

/** What is counted for the limits: an empty key is not. */
export function limitZoneLines({ limits, upstreams }: Pick<FrontDoor, 'limits' | 'upstreams'>): string[] {
  if (limits?.enabled !== true) return [];
  const zones = limitedServices
    .filter((service) => service !== 'search' || upstreams.has(service))
    .map((service) => `limit_conn_zone $counted_read zone=${readZone(service)}:32k;`);
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
    ...zones,
    'limit_conn_zone $counted_order zone=orders:32k;',
    'limit_conn_status 503;',
    'limit_conn_log_level info;',
    '',
  ];
}

/** In the location of a service, whose requests go to an upstream. */
export function limitLines(
  { limits, upstreams }: Pick<FrontDoor, 'limits' | 'upstreams'>,
  service: string,
  upstream: string,
): string[] {
  if (limits?.enabled !== true) return [];
  // Where nobody says when it is too much, it has to be little always.
  const isTold = upstreams.has('registry');
  const copies = (upstreams.get(upstream) ?? []).filter(({ down }) => down !== true);
  const line = (zone: string, each: number): string => {
    const parts = copies.map((copy) => shareOf(copy, each, isTold));
    const sum = parts.reduce((total, part) => total + part, 0);
    return `  limit_conn ${zone} ${sum === 0 ? each : sum};`;
  };
  return [
    line(readZone(service), limits.readsUnderWay),
    ...(service === 'order' ? [line('orders', limits.ordersUnderWay)] : []),
  ];
}

function shareOf({ underPressure: isUnderPressure }: UpstreamServer, each: number, isTold: boolean): number {
  if (!isTold) return untold(each);
  return isUnderPressure === true ? underPressure(each) : each;
}

function readZone(service: string): string {
  return `${service}_reads`;
}
