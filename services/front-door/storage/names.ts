import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/**
 * Looks names up again and again, since nginx does so only when it reads its configuration: a container that comes back may
 * have another address. What can no longer be found keeps the address that it had.
 */
export class Names {
  private readonly known = new Map<string, string>();

  /** @returns HOST:PORT with the host as a number; undefined while nothing is known */
  async resolve(address: string): Promise<string | undefined> {
    const [host = '', port = ''] = address.split(':');
    if (isIP(host) !== 0) return address;
    try {
      this.known.set(host, (await lookup(host, { family: 4 })).address);
    } catch {
      // A copy that is not there has no address yet; nginx finds out about one that is gone by itself.
    }
    const found = this.known.get(host);
    return found === undefined ? undefined : `${found}:${port}`;
  }
}
