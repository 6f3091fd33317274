import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/**
 * Accounts are in one of these buckets for ever, and buckets are dealt out to the shards that there are. An order's id ends in
 * its account's bucket, two hexadecimal digits of the UUIDv7's random bits, so that either of the two names the shard
 * ("Sharding & IDs at Instagram", 2012: logical shards in the id).
 */
const bucketBits = 8;

/** 0 to 255. @param accountId as a token has it, in lower case */
export function bucketOf(accountId: string): number {
  return createHash('sha256').update(accountId).digest().readUInt8(0);
}

/** A UUIDv7 for an order of the account. */
export function newOrderId(accountId: string): string {
  const digits = bucketBits / 4;
  const bucket = bucketOf(accountId).toString(16).padStart(digits, '0');
  return uuidv7().slice(0, -digits) + bucket;
}

/** From 0. @param shards how many there are */
export function shardOfAccount(accountId: string, shards: number): number {
  return bucketOf(accountId) % shards;
}

/** From 0. @param orderId a UUID; of one that was not made here the answer is some shard, where it will not be found */
export function shardOfOrder(orderId: string, shards: number): number {
  return Number.parseInt(orderId.slice(-bucketBits / 4), 16) % shards;
}
