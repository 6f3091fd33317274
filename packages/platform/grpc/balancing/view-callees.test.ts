import { beforeEach, describe, expect, test } from '@jest/globals';
import type { MemberState } from '#protocols/failure-detector/member.js';
import { MembershipView } from '../../membership/members-view.js';
import { asConfigured, type MemberView, type View } from '../../membership/view.js';
import { KnownCallees } from './known-callees.js';
import { ViewCallees } from './view-callees.js';

const member = (
  name: string,
  state: MemberState = 'alive',
  change: Partial<MemberView> = {},
): MemberView => ({
  name,
  service: name.split('-')[0] ?? '',
  httpAddress: `${name}:80`,
  grpcAddress: `${name}:50`,
  state,
  draining: false,
  slowStartShare: 1,
  underPressure: false,
  weight: 100,
  ...change,
});

describe('the copies that a process calls', () => {
  let view: MembershipView;
  let callees: ViewCallees;
  let version: number;

  beforeEach(() => {
    version = 0;
    view = new MembershipView(0.5);
    callees = new ViewCallees(view, new KnownCallees(new Map([['order', ['a:1', 'b:1']]]), 'ewma'));
  });
  const tell = (members: readonly MemberView[], change: Partial<View> = {}): void => {
    version += 1;
    const plain = {
      epoch: 1,
      version,
      settled: true,
      detector: 'periodic',
      balancing: asConfigured,
    } as const;
    view.take({ ...plain, shedding: '', members, ...change });
  };
  const addresses = (): string[] => callees.targets('order').map(({ address }) => address);

  test('are those that it was told of at its start, until the registry knows more', () => {
    expect(addresses()).toEqual(['a:1', 'b:1']);
    expect(callees.strategy).toBe('ewma');
    tell([member('account-1')]);
    expect(addresses()).toEqual(['a:1', 'b:1']);
    tell([member('order-1')], { balancing: { frontDoor: 'weighted', grpc: 'least-conn', adaptive: false } });
    expect(addresses()).toEqual(['order-1:50']);
    expect(callees.strategy).toBe('least-conn');
  });

  test('are given their weights, and less while they are new', () => {
    tell([member('order-1', 'alive', { weight: 30, slowStartShare: 0.25 })]);
    expect(callees.targets('order')).toEqual([{ address: 'order-1:50', weight: 30, slowStartShare: 0.25 }]);
  });

  test('are not those that are suspected or dead, as long as enough others are well', () => {
    tell([member('order-1', 'suspect'), member('order-2')]);
    expect(addresses()).toEqual(['order-2:50']);
    tell([member('order-1', 'dead'), member('order-2')]);
    expect(addresses()).toEqual(['order-2:50']);
    tell([member('order-1', 'suspect'), member('order-2', 'suspect'), member('order-3')]);
    expect(addresses()).toEqual(['order-1:50', 'order-2:50', 'order-3:50']);
    expect(callees.addresses('order')).toHaveLength(3);
  });

  test('that serve no gRPC are none', () => {
    tell([member('order-1', 'alive', { grpcAddress: '' })]);
    expect(addresses()).toEqual(['a:1', 'b:1']);
  });

  test('change when the registry tells so, and not before', () => {
    let told = 0;
    const stop = callees.onChange(() => (told += 1));
    tell([member('order-1')]);
    stop();
    tell([member('order-2')]);
    expect(told).toBe(1);
  });
});
