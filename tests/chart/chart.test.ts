import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { workloadsOf } from './pods.js';
import { schemaFindings, unknownFields } from './kubernetes-schemas.js';
import { type KubernetesObject, helm, objectsOf, render, template, valueFiles } from './render.js';
import { chartFolder, root } from './tools.js';

/** The other stages differ from these in numbers alone. */
const goldenFiles = [
  'stages/01-single.yaml',
  'stages/03-cluster.yaml',
  'stages/08-database-split.yaml',
  'stages/10-services.yaml',
  'ci/external-databases-values.yaml',
  'ci/high-availability-values.yaml',
];

/** Holds the chart against Helm, against Kubernetes' schemas, and against what it rendered before. */
describe('the chart', () => {
  it.each(valueFiles)('passes the lint with %s', (file) => {
    const { status, output, errors } = helm(
      'lint',
      '--strict',
      chartFolder,
      '--values',
      path.join(chartFolder, file),
    );
    expect(`${output}${errors}`).not.toMatch(/\[(ERROR|WARNING)\]/);
    expect(status).toBe(0);
  });

  const all = new Map(valueFiles.map((file) => [file, objectsOf(render(file))]));

  it('renders objects that Kubernetes knows, with no field that it does not know', () => {
    const objects = [...all.values()].flat();
    expect(schemaFindings(objects)).toEqual([]);
    expect(unknownFields(objects)).toEqual([]);
  });

  it('would notice a wrong type', () => {
    const [service] = all.get('ci/default-values.yaml')?.filter(({ kind }) => kind === 'Service') ?? [];
    const wrong = { ...service, spec: { ports: 'http' } } as unknown as KubernetesObject;
    expect(schemaFindings([wrong])).toEqual([expect.stringContaining('ports')]);
  });

  it('would notice a field that Kubernetes does not know', () => {
    const [service] = all.get('ci/default-values.yaml')?.filter(({ kind }) => kind === 'Service') ?? [];
    if (service === undefined) throw new Error('there is no Service');
    const misspelt = { ...service, spec: { ...service.spec, clusterIp: 'None' } };
    expect(unknownFields([misspelt])).toEqual([expect.stringMatching(/clusterIp.* does not exist/)]);
  });

  it.each(valueFiles)('gives no two objects the same name with %s', (file) => {
    const names = (all.get(file) ?? []).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  // Files are compared line by line; UPDATE=1 writes them anew, and the diff is read.
  it('renders stage 10 by default', () => {
    expect(render('ci/default-values.yaml')).toBe(render('stages/10-services.yaml'));
  });

  it.each(goldenFiles)('renders with %s what it rendered before', (file) => {
    const golden = path.join(
      root,
      'tests/chart/golden',
      file.replace('/', '-').replace(/\.yaml$/, '.golden'),
    );
    const rendered = render(file);
    if (process.env['UPDATE'] === '1') writeFileSync(golden, rendered);
    expect(rendered.split('\n')).toEqual(readFileSync(golden, 'utf8').split('\n'));
  });

  it('makes the objects of another release under other names', () => {
    const { output } = helm('template', 'other', chartFolder);
    const names = objectsOf(output).map(({ metadata }) => metadata.name);
    expect(names.filter((name) => !name.startsWith('other-tristate'))).toEqual([]);
  });

  it.each([
    ['stages/05-read-write-split.yaml', 'stages/06-search.yaml'],
    ['stages/06-search.yaml', 'stages/07-cache.yaml'],
    ['stages/07-cache.yaml', 'stages/08-database-split.yaml'],
    ['stages/08-database-split.yaml', 'stages/09-application-split.yaml'],
    ['stages/09-application-split.yaml', 'stages/10-services.yaml'],
  ])('rolls no database server from %s to %s, also where databases are added', (before, after) => {
    const servers = (file: string): unknown =>
      objectsOf(render(file)).find(
        ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'tristate-postgres',
      );
    expect(servers(before)).toHaveProperty('spec.template');
    expect(servers(after)).toEqual(servers(before));
  });

  it('leaves nothing outside the release but the pod of a test, which a test that passes takes away', () => {
    const hooks = (all.get('ci/default-values.yaml') ?? []).filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined,
    );
    expect(hooks.map(({ kind, metadata }) => [kind, metadata.annotations])).toEqual([
      [
        'Pod',
        { 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' },
      ],
    ]);
  });

  const orderTakers = ['account', 'coordinator', 'inventory', 'order', 'search'];
  it.each<[string, string[]]>([
    ['redis.maxMemoryMb=65', ['redis']],
    // Without the supervisor there is soon no primary: it is touched by what it is told, and by nothing else.
    ['orders.protocol="tcc"', orderTakers],
    ['orders.deadlineMs=2500', [...orderTakers, 'front-door']],
    ['consistency.waitMs=50', orderTakers],
    ['overload.enabled=false', [...orderTakers, 'front-door']],
    ['balancing.grpc="ewma"', [...orderTakers, 'registry']],
    ['postgres.failover="cold"', ['supervisor']],
    ['log.level="debug"', [...orderTakers, 'registry', 'supervisor']],
  ])('rolls with %s what it touches, and nothing else', (change, components) => {
    const pods = (rendered: string): Map<string, string> =>
      new Map(
        objectsOf(rendered)
          .filter(({ spec }) => spec?.['template'] !== undefined)
          .map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec?.['template'])]),
      );
    const before = pods(render(undefined));
    const after = pods(render(undefined, change));
    const rolled = [...before].filter(([name, pod]) => after.get(name) !== pod).map(([name]) => name);
    expect(rolled.sort()).toEqual(components.map((component) => `tristate-${component}`).sort());
  });

  it("puts the database on the only application's node at stage 1, and on another, where there is one, from stage 2 on", () => {
    const affinityOf = (file: string): unknown =>
      workloadsOf(objectsOf(render(file))).find(({ component }) => component === 'postgres')?.pod.affinity;
    expect(affinityOf('stages/01-single.yaml')).toMatchObject({
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { 'app.kubernetes.io/component': 'monolith' } },
          },
        ],
      },
    });
    expect(affinityOf('stages/02-database-apart.yaml')).toMatchObject({
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50 }] },
    });
  });

  it('names the copies among which clients choose, where there is no front door', () => {
    const file = path.join(chartFolder, 'stages/03-cluster.yaml');
    const { output } = helm(
      'install',
      'tristate',
      chartFolder,
      '--values',
      file,
      '--dry-run=client',
      '--namespace',
      'shop',
    );
    expect(output).toContain('http://tristate-monolith-3.tristate-monolith.shop:8080');
  });

  it('refuses a Kubernetes that is too old', () => {
    const { status, errors } = helm('template', 'tristate', chartFolder, '--kube-version', '1.28.0');
    expect(status).not.toBe(0);
    expect(errors).toContain('kubeVersion');
  });

  it('tells what to do next', () => {
    const notes = helm('install', 'tristate', chartFolder, '--dry-run=client', '--namespace', 'shop').output;
    expect(notes).toContain('kubectl --namespace shop port-forward service/tristate 8080:8080');
    expect(notes).toContain('helm --namespace shop test tristate');
  });

  it.each<[string, string[]]>([
    ['ordres', ['ordres.protocol="saga"']],
    ['orders.deadlineMs', ['orders.deadlineMs="soon"']],
    ['services.order.replicas', ['services.order.replicas=-1']],
    ['orders.protocol', ['orders.protocol="4pc"']],
    ['services.supervisor.replicas to 1', ['services.supervisor.replicas=0']],
    ['postgres.external.host', ['postgres.enabled=false']],
    ['only copies of the monolith', ['frontDoor.enabled=false']],
    ['postgres.placement', ['postgres.placement="beside"']],
    ['placement', ['postgres.placement="near"']],
    ['maxPreparedTransactions', ['orders.protocol="2pc"', 'postgres.maxPreparedTransactions=0']],
    ['exposure.httpRoute.gateway', ['exposure.httpRoute.enabled=true']],
    ['services.registry', ['services.registry.replicas=0']],
    ['transport is rest', ['transport="rest"']],
    ['transport', ['transport="soap"']],
    ['services.coordinator.replicas to 0', ['postgres.orderShards=2']],
    ['orderShards', ['postgres.orderShards=9']],
  ])('refuses values and names %s', (named, sets) => {
    const { status, errors } = template(undefined, ...sets);
    expect(status).not.toBe(0);
    const words = named.split('.').at(-1) ?? named;
    expect(errors).toContain(words);
  });

  it('refuses shards of orders in the one database of all contexts', () => {
    const { status, errors } = template('stages/07-cache.yaml', 'postgres.orderShards=2');
    expect(status).not.toBe(0);
    expect(errors).toContain('set postgres.split to true');
  });
});
