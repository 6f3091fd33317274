import { describe } from '@jest/globals';
import { describeContract, localShop } from './contract.js';
import { usePlatform } from './platform.js';

describe('stage 5, a primary and two replicas', () => {
  const platform = usePlatform(5);
  describeContract(() => localShop(platform()));
});
