import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { Callers, hashOfKey } from '#platform/auth/callers.js';
import { ActiveFaults } from '#platform/faults/active-faults.js';
import { ControlEndpoint, serveControl } from '#platform/faults/control-endpoint.js';
import { InjectedFault } from '#platform/faults/failpoints.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { createLogger } from '#platform/logging/logger.js';
import { Settings } from '#platform/settings/settings.js';
import { EventRecorder } from '#platform/trace/event-recorder.js';
import { Trace } from '#platform/trace/trace.js';
import { ControlPlane } from '#services/registry/control-plane.js';
import type { FaultView } from '#services/registry/domain/fault-board.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest } from './postgres-for-test.js';

/** The registry's side and a process's side of the control stream, over real gRPC, in one process. */

const serviceKey = 'k'.repeat(32);
const point = 'inventory.prepare.before-reply';
const deadlineMs = 5_000;
const silent = createLogger({ name: 'test', service: 'registry', logLevel: 'silent' });
const order = { gid: 'gid-1', correlationId: 'watched' };

/** A process with failpoints; killed instead of itself is its server. */
class ProcessForTest {
  readonly faults: ActiveFaults;
  readonly trace: Trace;
  readonly settings = new Settings({ overload: { enabled: true } });
  kills = 0;
  private readonly server: GrpcServer;

  constructor(
    name: string,
    private readonly port: number,
  ) {
    const metrics = newMetricsForTest();
    const recorder = new EventRecorder();
    this.trace = new Trace(name, recorder.record);
    this.faults = new ActiveFaults({
      trace: this.trace,
      metrics,
      logger: silent,
      process: { kill: () => void (this.kills += 1), pause: () => Promise.resolve() },
    });
    this.server = new GrpcServer(name, new Callers({ registry: hashOfKey(serviceKey) }), metrics, silent);
    serveControl(this.server, new ControlEndpoint(this.faults, recorder, this.settings, silent));
  }

  async start(): Promise<this> {
    await this.server.listen({ host: '127.0.0.1', port: this.port });
    return this;
  }

  stop(): Promise<void> {
    return this.server.close();
  }
}

function newControlPlaneForTest(ports: Record<string, number>): ControlPlane {
  const processes = Object.entries(ports).map(([name, port]) => ({
    name,
    service: name.replace(/-\d+$/, ''),
    httpAddress: '127.0.0.1:1',
    grpcAddress: `127.0.0.1:${port}`,
  }));
  const topology = { stage: 10, url: '', processes };
  const config: Pick<ProcessConfig, 'topology' | 'peers'> = { topology, peers: new Map() };
  return new ControlPlane(config, new GrpcClients(serviceKey, newMetricsForTest()), silent);
}

describe('the control stream', () => {
  let control: ControlPlane;
  let first: ProcessForTest;
  let second: ProcessForTest;
  let ports: number[];

  beforeEach(async () => {
    ports = await findFreePorts(2);
    const [one = 0, two = 0] = ports;
    first = await new ProcessForTest('inventory-1', one).start();
    second = await new ProcessForTest('inventory-2', two).start();
    control = newControlPlaneForTest({ 'inventory-1': one, 'inventory-2': two });
    await waitUntil('both are attached', deadlineMs, async () => {
      return (await control.channels.applied()).length === 0 || undefined;
    });
  });

  afterEach(async () => {
    control.close();
    await Promise.all([first.stop(), second.stop()]);
  });

  const add = async (request: { action: string; process?: string; times?: number; ttlMs?: number }) => {
    const added = control.faults.add({ point, ttlMs: 60_000, ...request });
    if (added.result === 'refused') throw new Error(added.code);
    expect(await control.channels.applied()).toEqual([]);
    return added.fault;
  };
  const actedOf = ({ id }: FaultView): number | undefined =>
    [...control.faults.list(), ...control.faults.listEnded()].find((fault) => fault.id === id)?.acted;
  const until = (what: string, holds: () => boolean): Promise<unknown> =>
    waitUntil(what, deadlineMs, () => Promise.resolve(holds() || undefined));

  it('puts a fault in force in the processes that it is meant for, before it answers', async () => {
    await add({ action: 'drop-reply', process: 'inventory-2' });
    expect(first.faults.hit(point, order)).toBeUndefined();
    expect(await second.faults.hit(point, order)).toBe('drop');
  });

  it('takes it back before it answers', async () => {
    const { id } = await add({ action: 'error' });
    await expect(first.faults.hit(point, order)).rejects.toThrow(InjectedFault);
    expect(control.faults.remove(id)).toBe(true);
    await control.channels.applied();
    expect(first.faults.hit(point, order)).toBeUndefined();
  });

  it('counts acts over all processes, and ends a fault that has acted often enough', async () => {
    const fault = await add({ action: 'drop-reply', times: 3 });
    expect(await first.faults.hit(point, order)).toBe('drop');
    expect(await first.faults.hit(point, order)).toBe('drop');
    await until('two are counted', () => actedOf(fault) === 2);
    await control.channels.applied();
    expect(await second.faults.hit(point, order)).toBe('drop');
    await until('it has ended', () => control.faults.list().length === 0);
    await control.channels.applied();
    expect(first.faults.hit(point, order)).toBeUndefined();
    expect(control.audit.list()[0]).toMatchObject({ who: 'registry', what: 'fault-ended' });
  });

  it('ends a fault by itself when its time is up', async () => {
    await add({ action: 'drop-reply', ttlMs: 1_000 });
    expect(first.faults.hit(point, order)).not.toBeUndefined();
    await until('it has ended', () => first.faults.size === 0 && control.faults.list().length === 0);
    expect(control.faults.listEnded()[0]).toMatchObject({ ended: 'time-is-up', acted: 1 });
  });

  it('ends all faults and traces when the registry is gone', async () => {
    await add({ action: 'drop-reply' });
    control.close();
    await until('nothing is left', () => first.faults.size === 0 && second.faults.size === 0);
  });

  it('switches in every process before it answers, and lets the switches end with the registry', async () => {
    control.settings.replace({ cache: { filter: false }, overload: { enabled: false } });
    expect(await control.channels.applied()).toEqual([]);
    for (const { settings } of [first, second]) {
      expect([settings.sheds, settings.cache.filter, settings.cache.jitter]).toEqual([false, false, true]);
    }
    control.settings.replace({ cache: { jitter: false } });
    await control.channels.applied();
    expect([first.settings.sheds, first.settings.cache.filter, first.settings.cache.jitter]).toEqual([
      true,
      true,
      false,
    ]);
    control.close();
    await until('all is as configured', () => [first, second].every(({ settings }) => settings.cache.jitter));
  });

  it('switches in a process that was started again', async () => {
    const [port = 0] = ports;
    control.settings.replace({ overload: { enabled: false } });
    await first.stop();
    expect(await control.channels.applied()).toEqual(['inventory-1']);
    first = await new ProcessForTest('inventory-1', port).start();
    await until('it knows', () => !first.settings.sheds);
  });

  it('knows of a crash before it happens, does not repeat it, and tells when the process is gone and back', async () => {
    const [port = 0] = ports;
    await add({ action: 'crash', process: 'inventory-1' });
    await first.faults.hit(point, order);
    expect(first.kills).toBe(1);
    expect(control.faults.list()).toEqual([]);
    await first.stop();
    first = await new ProcessForTest('inventory-1', port).start();
    const kinds = (): string[] => control.events.of('gid-1').map(({ what }) => what.kind);
    await until('it is back', () => kinds().includes('restarted'));
    expect(kinds()).toEqual(['fault', 'crashed', 'restarted']);
    expect(first.faults.size).toBe(0);
  });

  it('takes faults over to a process that was started again', async () => {
    const [port = 0] = ports;
    await add({ action: 'drop-reply', times: 2 });
    expect(await first.faults.hit(point, order)).toBe('drop');
    await first.stop();
    first = await new ProcessForTest('inventory-1', port).start();
    await until('the fault is back', () => first.faults.size === 1);
    expect(await first.faults.hit(point, order)).toBe('drop');
    expect(first.faults.hit(point, order)).toBeUndefined();
  });

  it('tells at once what happens to a request that is watched, and later what a process remembers', async () => {
    control.traces.add('watched', 60_000);
    await control.channels.applied();
    const noted = { kind: 'logged', record: 'begin', forced: true } as const;
    first.trace.note('gid-1', 'watched', noted);
    second.trace.note('gid-1', 'other', noted);
    await until('it was told', () => control.events.of('gid-1').length === 1);
    expect(control.events.of('gid-1')).toMatchObject([{ process: 'inventory-1', what: noted }]);
    const { events, unreachable } = await control.channels.readEvents('gid-1');
    expect(events.map(({ process }) => process).sort()).toEqual(['inventory-1', 'inventory-2']);
    expect(unreachable).toEqual([]);
    await second.stop();
    expect((await control.channels.readEvents('gid-1')).unreachable).toEqual(['inventory-2']);
  });
});
