import { describe } from '@jest/globals';
import { describeBadInput } from './bad-input.js';
import { describeContract, localOnly } from './contract.js';
import { usePlatform } from './platform.js';

describe('stage 1, one process', () => {
  const platform = usePlatform(1);
  describe('bad input', () => describeBadInput(platform));
  describeContract(() => ({
    url: platform().url,
    adminToken: platform().adminToken,
    reportedProtocol: localOnly,
  }));
});
