import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse as parseUuid, stringify as formatUuid } from 'uuid';
import type { Position } from '../postgres/position.js';

/** What a client has done and seen, in places of the write-ahead log. */
export interface Session {
  /** Undefined for a client that was not logged in. */
  readonly account: string | undefined;
  /** Everything that the session wrote is at or before it. */
  readonly written: Position;
  /** Everything that was shown to it is at or before it. */
  readonly seen: Position;
  /** Epoch milliseconds, by the clock of the process that took the latest write; 0 for none. */
  readonly wroteAtMs: number;
}

/**
 * Somewhere in its epoch, it is not known where: the place of a write whose position could not be asked for, because the
 * primary was gone right after it.
 */
export const unplacedLsn = 2n ** 64n - 1n;

const version = '1';
const accountBytes = 16;
const positionBytes = 12;
const timeBytes = 6;
const payloadBytes = accountBytes + 2 * positionBytes + timeBytes;
const macBytes = 32;
const tokenPattern = new RegExp(
  `^${version}\\.[A-Za-z0-9_-]{${Math.ceil(((payloadBytes + macBytes) * 8) / 6)}}$`,
);

/**
 * The `X-Session` header: a session in 46 bytes with an HMAC-SHA256 over it, since a client that could write its own would
 * make the shop wait for places that there never were. It is no credential: it tells where to read, not what.
 */
export class SessionTokens {
  private readonly key: Buffer;

  /** @param tokenKey signs bearer tokens as well, so that what is signed here gets a key of its own */
  constructor(tokenKey: string) {
    this.key = createHmac('sha256', tokenKey).update('tristate session token, version 1').digest();
  }

  issue(session: Session): string {
    const payload = Buffer.alloc(payloadBytes);
    if (session.account !== undefined) payload.set(parseUuid(session.account), 0);
    writePosition(payload, accountBytes, session.written);
    writePosition(payload, accountBytes + positionBytes, session.seen);
    payload.writeUIntBE(session.wroteAtMs, accountBytes + 2 * positionBytes, timeBytes);
    return `${version}.${Buffer.concat([payload, this.sign(payload)]).toString('base64url')}`;
  }

  /** Undefined when the shop has not issued it. */
  read(token: string): Session | undefined {
    if (!tokenPattern.test(token)) return undefined;
    const encoded = token.slice(version.length + 1);
    const bytes = Buffer.from(encoded, 'base64url');
    // The last character has bits to spare: of the ways to write them one is ours.
    if (bytes.toString('base64url') !== encoded) return undefined;
    const payload = bytes.subarray(0, payloadBytes);
    if (!timingSafeEqual(bytes.subarray(payloadBytes), this.sign(payload))) return undefined;
    const account = payload.subarray(0, accountBytes);
    return {
      account: account.every((byte) => byte === 0) ? undefined : formatUuid(account),
      written: readPosition(payload, accountBytes),
      seen: readPosition(payload, accountBytes + positionBytes),
      wroteAtMs: payload.readUIntBE(accountBytes + 2 * positionBytes, timeBytes),
    };
  }

  private sign(payload: Buffer): Buffer {
    return createHmac('sha256', this.key).update(payload).digest();
  }
}

function writePosition(payload: Buffer, offset: number, { epoch, lsn }: Position): void {
  payload.writeUInt32BE(epoch, offset);
  payload.writeBigUInt64BE(lsn, offset + 4);
}

function readPosition(payload: Buffer, offset: number): Position {
  return { epoch: payload.readUInt32BE(offset), lsn: payload.readBigUInt64BE(offset + 4) };
}
