import { describe } from '@jest/globals';
import { describeContract, localShop } from './contract.js';
import { usePlatform } from './platform.js';

describe('stage 4, three copies behind nginx', () => {
  const platform = usePlatform(4);
  describeContract(() => localShop(platform()));
});
