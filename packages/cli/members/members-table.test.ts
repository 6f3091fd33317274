import { expect, test } from '@jest/globals';
import type { ListedMember } from '#platform/membership/listed-members.js';
import { describeDuration, membersTable } from './members-table.js';

const view = {
  epoch: 1,
  version: 7,
  settled: true,
  detector: 'phi-accrual',
  balancing: { frontDoor: 'round-robin', grpc: 'round-robin', adaptive: false },
  shedding: '',
} as const;

const member: ListedMember = {
  name: 'order-2',
  service: 'order',
  httpAddress: '127.0.0.1:3002',
  grpcAddress: '127.0.0.1:4002',
  state: 'alive',
  sinceMs: 4_200,
  draining: false,
  weight: 100,
  slowStartShare: 0.25,
  underPressure: false,
  phi: 0.02,
  missedBeats: 0,
  load: 0.123,
  inFlight: 3,
  eventLoopLagMs: 1.25,
  version: '0.1.0',
  incarnation: 1,
  detectors: { periodic: false, phi: false },
};

test('the view is told by name, with what each detector says', () => {
  const silent = {
    ...member,
    name: 'order-1',
    state: 'suspect',
    phi: 9.31,
    missedBeats: 7,
    sinceMs: 600,
  } as const;
  const members = [
    member,
    { ...silent, slowStartShare: 1, detectors: { periodic: true, phi: true } },
    { ...member, name: 'account-1', slowStartShare: 1, draining: true, sinceMs: 180_000 },
  ];
  const table = membersTable({ ...view, members });
  expect(table.split('\n')).toEqual([
    'view 7, decided by phi-accrual',
    '',
    'name       state            for    share  φ    missed  suspected by  load  in flight  loop lag',
    'account-1  alive, draining  3 min  100 %  0.0  0       -             12 %  3          1.3 ms',
    'order-1    suspect          0.6 s  100 %  9.3  7       periodic, φ   12 %  3          1.3 ms',
    'order-2    alive            4.2 s  25 %   0.0  0       -             12 %  3          1.3 ms',
    '',
  ]);
});

test('a registry that has just started says so', () => {
  expect(membersTable({ ...view, settled: false, members: [] })).toContain('has just started');
});

test.each([
  [0, '0.0 s'],
  [9_949, '9.9 s'],
  [59_600, '60 s'],
  [600_000, '10 min'],
])('%d ms are %s', (ms, text) => expect(describeDuration(ms)).toBe(text));
