import { describe, expect, test } from '@jest/globals';
import { clusterTable } from './cluster-table.js';
import type { Cluster } from './database-client.js';

const cluster: Cluster = {
  epoch: 2,
  primary: 'postgres-2',
  phase: 'steady',
  mode: 'hot',
  synchronous: 'flush',
  synchronousReplicas: 1,
  leaseLeftMs: 2_750,
  members: [
    {
      name: 'postgres-1',
      role: 'unreachable',
      lsn: null,
      lagBytes: null,
      lagMs: null,
      synchronous: true,
      delayMs: 0,
    },
    {
      name: 'postgres-2',
      role: 'primary',
      lsn: '0/5000110',
      lagBytes: null,
      lagMs: null,
      synchronous: false,
      delayMs: 0,
    },
    {
      name: 'postgres-3',
      role: 'replica',
      lsn: '0/50000A8',
      lagBytes: 104,
      lagMs: 3_012,
      synchronous: true,
      delayMs: 3_000,
    },
  ],
  lags: [],
  history: [
    {
      epoch: 2,
      primary: 'postgres-2',
      beganAtLsn: '0/4000000',
      beganAt: '2026-11-25T00:00:03.486Z',
      why: 'the primary was lost',
      tookMs: 3_802,
    },
  ],
};

describe('the table of the database servers', () => {
  test('tells roles, lags, what writes wait for, and what was promoted', () => {
    expect(clusterTable(cluster).split('\n')).toEqual([
      'postgres-2 is the primary of epoch 2; its lease lasts 2750 ms more.',
      'Failover by itself (hot); writes wait for a replica (flush), of which 1 can confirm.',
      '',
      'server      role         position   behind',
      'postgres-1  unreachable                                 synchronous',
      'postgres-2  primary      0/5000110',
      'postgres-3  replica      0/50000A8  3012 ms, 104 bytes  synchronous  told to lag 3000 ms',
      '',
      'Promotions:',
      'epoch 2  postgres-2  2026-11-25T00:00:03.486Z  3802 ms  the primary was lost',
      '',
    ]);
  });

  test('tells when no server takes writes', () => {
    const stuck = {
      ...cluster,
      primary: null,
      phase: 'stuck',
      synchronous: 'none',
      mode: 'cold',
      history: [],
    };
    expect(clusterTable(stuck).split('\n').slice(0, 2)).toEqual([
      'No server takes writes (epoch 2, stuck).',
      'Failover by command (cold); writes wait for no replica.',
    ]);
  });
});
