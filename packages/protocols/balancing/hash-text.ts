/**
 * 32 bits of a text: FNV-1a (Fowler, Noll, Vo) over its UTF-16 units, and MurmurHash3's finalizer (Appleby) behind it, since the
 * high bits of FNV hardly change between texts that differ in their last character, as names and addresses do.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
