import { isIP } from 'node:net';
import { Failure } from '../failure.js';

export interface LoadTarget {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly isLoopback: boolean;
}

const defaultPort = 80;

/** Reads the address that load is sent to; one that is not this machine's own needs the user's word that it is theirs. */
export function requireTarget(text: string, ownsIt: boolean): LoadTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw new Failure(`${text} is no http:// address that load can be sent to.`);
  const named = url.hostname.replace(/^\[|\]$/g, '');
  const host = named === 'localhost' ? '127.0.0.1' : named;
  const isLoopback = (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
  if (!isLoopback && !ownsIt) {
    throw new Failure(
      `${named} is not this machine. Load is an attack on whoever has not asked for it: if the target is yours, or its owner ` +
        'has agreed, say so with --i-own-this-target.',
    );
  }
  return { url, host, port: url.port === '' ? defaultPort : Number(url.port), isLoopback };
}
