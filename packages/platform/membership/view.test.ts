import { describe, expect, test } from '@jest/globals';
import { MembershipView } from './members-view.js';
import { acceptView, asConfigured, fromWire, toWire, type MemberView, type View } from './view.js';

const member = (name: string, change: Partial<MemberView> = {}): MemberView => ({
  name,
  service: name.replace(/-\d+$/, ''),
  httpAddress: `${name}:80`,
  grpcAddress: `${name}:81`,
  state: 'alive',
  draining: false,
  slowStartShare: 1,
  underPressure: false,
  weight: 100,
  ...change,
});

const view = (members: readonly MemberView[], change: Partial<View> = {}): View => ({
  epoch: 5,
  version: 3,
  settled: true,
  detector: 'phi-accrual',
  balancing: asConfigured,
  shedding: '',
  members,
  ...change,
});

const known = view([member('order-1'), member('order-2'), member('account-1')]);
const namesOf = (accepted: View | undefined): string[] => (accepted?.members ?? []).map(({ name }) => name);

describe('a view that is told', () => {
  test('is believed when it is newer, or of a later registry', () => {
    for (const newer of [{ version: 4 }, { epoch: 6, version: 1 }])
      expect(acceptView(known, view([member('order-1'), member('account-1')], newer))).toMatchObject(newer);
  });

  test.each([
    ['comes late', { version: 3 }],
    ['is of a registry that is no more', { epoch: 4, version: 99 }],
    ['is of one that has just started', { epoch: 6, version: 1, settled: false }],
  ])('changes nothing when it %s', (_, change) => {
    expect(acceptView(known, view([], change))).toBe(known);
  });

  test('is not waited for: before the first one what was configured holds', () => {
    expect(acceptView(undefined, view([], { settled: false }))).toBeUndefined();
  });

  test('takes no service away as a whole', () => {
    const told = view([member('order-2')], { version: 4 });
    expect(namesOf(acceptView(known, told))).toEqual(['order-2', 'account-1']);
    expect(namesOf(acceptView(known, view([], { version: 4 })))).toEqual(namesOf(known));
  });

  test('is the same after its way over the wire', () => {
    expect(fromWire(toWire(known))).toEqual(known);
  });
});

test('a process is told of changes, and who of a service is to be sent requests', () => {
  const held = new MembershipView(0.5);
  let changes = 0;
  const end = held.onChange(() => (changes += 1));
  held.take(view([], { settled: false }));
  expect([held.members('order'), changes]).toEqual([[], 0]);
  held.take(known);
  held.take(
    view([member('order-1', { state: 'dead' }), member('order-2'), member('account-1')], { version: 4 }),
  );
  expect(held.members('order').map(({ name }) => name)).toEqual(['order-2']);
  end();
  held.take(view([member('order-1', { draining: true }), member('order-2')], { version: 5 }));
  expect(held.members('order').map(({ name }) => name)).toEqual(['order-2']);
  expect(changes).toBe(2);
});

test('a process knows when a service as a whole is under pressure', () => {
  const held = new MembershipView(0.5);
  expect(held.isUnderPressure('order')).toBe(false);
  const tell = (version: number, ...pressed: boolean[]): void =>
    held.take(
      view(
        pressed.map((underPressure, index) => member(`order-${index + 1}`, { underPressure })),
        { version },
      ),
    );
  tell(3, true, false, false);
  expect(held.isUnderPressure('order')).toBe(false);
  tell(4, true, false, true);
  expect([held.isUnderPressure('order'), held.isUnderPressure('account')]).toEqual([true, false]);
});
