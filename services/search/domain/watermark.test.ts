import { describe, expect, it } from '@jest/globals';
import { Watermark } from './watermark.js';

describe('the watermark of the index', () => {
  it('begins before every transaction', () => {
    expect(new Watermark(1).since).toBe('1:1:');
  });

  it('passes to a snapshot at once when all before it is on disk', () => {
    const watermark = new Watermark(1);
    watermark.pass({ snapshot: '10:12:10', written: 100n, flushed: 100n });
    expect(watermark.since).toBe('10:12:10');
  });

  it('waits with a snapshot until what was written before it is on disk, and no longer', () => {
    const watermark = new Watermark(1);
    watermark.pass({ snapshot: '10:10:', written: 100n, flushed: 90n });
    expect(watermark.since).toBe('1:1:');
    // Under load there is always something that is not on disk yet.
    watermark.pass({ snapshot: '20:20:', written: 200n, flushed: 110n });
    expect(watermark.since).toBe('10:10:');
    watermark.pass({ snapshot: '30:30:', written: 300n, flushed: 199n });
    watermark.pass({ snapshot: '40:40:', written: 400n, flushed: 300n });
    expect(watermark.since).toBe('30:30:');
    watermark.pass({ snapshot: '50:50:', written: 500n, flushed: 500n });
    expect(watermark.since).toBe('50:50:');
  });
});
