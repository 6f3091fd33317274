import type { KubernetesObject } from './render.js';

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: {
    readonly requests?: Record<string, string>;
    readonly limits?: Record<string, string>;
  };
  readonly securityContext?: Record<string, unknown>;
  readonly livenessProbe?: { readonly httpGet?: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet?: { readonly path: string } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly affinity?: Record<string, unknown>;
  readonly securityContext?: Record<string, unknown>;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly Record<string, unknown>[];
}

export interface Workload {
  readonly object: KubernetesObject;
  readonly component: string;
  readonly replicas: number;
  readonly pod: PodSpec;
}

/** Everything that runs, with the pods of `helm test`. */
export function workloadsOf(objects: readonly KubernetesObject[]): Workload[] {
  return objects.flatMap((object) => {
    const spec = object.spec as { replicas?: number; template?: { spec: PodSpec } } | undefined;
    const pod = object.kind === 'Pod' ? (object.spec as unknown as PodSpec) : spec?.template?.spec;
    if (pod === undefined) return [];
    const component = object.metadata.labels?.['app.kubernetes.io/component'] ?? '';
    return [{ object, component, replicas: spec?.replicas ?? 1, pod }];
  });
}

export function containersOf({ pod }: Workload): Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** `60m` of a processor is 0.06. */
export function processors(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}

const units: Readonly<Record<string, number>> = { Ki: 1 / 1024, Mi: 1, Gi: 1024 };

export function mebibytes(quantity: string): number {
  const unit = quantity.slice(-2);
  return Number(quantity.slice(0, -2)) * (units[unit] ?? Number.NaN);
}
