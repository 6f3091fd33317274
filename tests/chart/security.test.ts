import { describe, expect, it } from '@jest/globals';
import { containersOf, mebibytes, processors, workloadsOf } from './pods.js';
import { objectsOf, render, valueFiles } from './render.js';

/** What Pod Security's level `restricted` allows as a volume. */
const allowedVolumes = [
  'configMap',
  'secret',
  'emptyDir',
  'projected',
  'persistentVolumeClaim',
  'downwardAPI',
];

const longestStopSeconds = 8;

describe.each(valueFiles)('every pod with %s', (file) => {
  const objects = objectsOf(render(file));
  const workloads = workloadsOf(objects);
  const named = workloads.map((workload) => [workload.object.metadata.name, workload] as const);

  it.each(named)('%s is restricted', (_, workload) => {
    const { pod } = workload;
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(Number(pod.securityContext?.['runAsUser'])).toBeGreaterThan(0);
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const volume of pod.volumes ?? [])
      expect(allowedVolumes).toContain(Object.keys(volume).find((key) => key !== 'name'));
    for (const container of containersOf(workload)) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        privileged: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(Object.keys(container.resources?.requests ?? {})).toEqual(
        expect.arrayContaining(['cpu', 'memory']),
      );
      expect(container.resources?.limits).toHaveProperty('memory');
      expect(container.image).toMatch(/:[\w.-]+$/);
    }
  });

  it.each(named)('%s has no secret in its environment', (_, workload) => {
    for (const { env = [] } of containersOf(workload))
      for (const { name, value = '' } of env)
        if (/PASSWORD|TOKEN|KEY|SECRET/.test(name)) expect(value).toMatch(/^\/run\//);
  });

  it.each(named)(
    '%s is asked for its life apart from its readiness, and never about the database',
    (_, { pod }) => {
      for (const { livenessProbe, readinessProbe } of pod.containers) {
        if (livenessProbe?.httpGet !== undefined) expect(livenessProbe.httpGet.path).toBe('/healthz');
        if (readinessProbe?.httpGet !== undefined)
          expect(readinessProbe.httpGet.path).toMatch(/^\/(readyz|healthz)$/);
      }
    },
  );

  it('gives a service time to end after it was taken out of traffic', () => {
    for (const { pod } of workloads)
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + longestStopSeconds);
  });

  it('opens ways only for what is denied to everybody first', () => {
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    if (policies.length === 0) return expect(file).toBe('ci/minimal-values.yaml');
    const deny = policies.find(({ metadata }) => metadata.name.endsWith('-deny'));
    expect(deny?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(deny?.spec).not.toHaveProperty('ingress');
  });
});

describe('the default install', () => {
  it('asks for at most 1.5 processors and 1.5 GiB', () => {
    const workloads = workloadsOf(objectsOf(render(undefined))).filter(({ object }) => object.kind !== 'Pod');
    const sum = (read: (requests: Record<string, string>) => number): number =>
      workloads.reduce(
        (total, { pod, replicas }) =>
          total +
          replicas * pod.containers.reduce((own, { resources }) => own + read(resources?.requests ?? {}), 0),
        0,
      );
    expect(sum(({ cpu = '0' }) => processors(cpu))).toBeLessThanOrEqual(1.5);
    expect(sum(({ memory = '0Mi' }) => mebibytes(memory))).toBeLessThanOrEqual(1536);
  });
});
