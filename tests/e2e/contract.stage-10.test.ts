import { describe, expect, it } from '@jest/globals';
import { describeBadInput } from './bad-input.js';
import { describeConsistency } from './consistency.js';
import { asAsked, describeContract } from './contract.js';
import { placeOrder } from './place-order.js';
import { usePlatform } from './platform.js';
import { describeSettings } from './settings.js';
import { Customer, plentifulProducts, ShopClient } from './shop-client.js';

describe('stage 10, services', () => {
  const platform = usePlatform(10);
  describe('bad input', () => describeBadInput(platform));
  describeContract(() => ({
    url: platform().url,
    adminToken: platform().adminToken,
    reportedProtocol: asAsked,
  }));

  describeSettings(platform);
  describeConsistency(platform);

  // The last test of this platform, since nothing repairs what it breaks.
  it('breaks a law with an order without a protocol, and verify names the law', async () => {
    const [product] = await plentifulProducts(new ShopClient(platform().url));
    const customer = await Customer.open(platform().url, product.priceMinor - 1);
    const answer = await placeOrder(customer, {
      items: [{ sku: product.sku, quantity: 1 }],
      protocol: 'none',
    });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'insufficient-funds' });

    const { ok, laws } = await platform().verify();
    expect(ok).toBe(false);
    expect(laws.filter((law) => !law.ok).map((law) => law.name)).toEqual([
      expect.stringMatching(/stock|item|sku/i),
    ]);
  });
});
