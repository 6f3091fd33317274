import { InjectedFault, type Hit } from './failpoints.js';

/**
 * How often a message goes on after its failpoint: not at all when it is dropped, twice when it is duplicated. An
 * injected error loses the message, as a broken connection would.
 */
export async function messageCopies(hit: Promise<Hit>): Promise<0 | 1 | 2> {
  try {
    const copies = { go: 1, drop: 0, duplicate: 2 } as const;
    return copies[await hit];
  } catch (error) {
    if (error instanceof InjectedFault) return 0;
    throw error;
  }
}
