import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { chartFolder, findHelm, installTools } from './tools.js';

/** An object of Kubernetes, of which tests look at any part. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: Record<string, unknown>;
  readonly data?: Record<string, string>;
}

export interface Outcome {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Everything with which the chart is rendered: each stage, and each file in ci/. */
export const valueFiles: readonly string[] = ['stages', 'ci'].flatMap((folder) =>
  readdirSync(path.join(chartFolder, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`),
);

export function helm(...args: string[]): Outcome {
  installTools();
  const command = findHelm();
  if (command === undefined) throw new Error('there is no Helm for this machine: install Helm 4');
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status: status ?? -1, output: stdout, errors: stderr };
}

/** `helm template` with a file of values and with single ones, given as Helm takes them. */
export function template(file: string | undefined, ...sets: string[]): Outcome {
  const files = file === undefined ? [] : ['--values', path.join(chartFolder, file)];
  const settings = sets.flatMap((set) => ['--set-json', set]);
  return helm('template', 'tristate', chartFolder, '--namespace', 'shop', ...files, ...settings);
}

/** @throws Error with Helm's own words when it refuses */
export function render(file: string | undefined, ...sets: string[]): string {
  const { status, output, errors } = template(file, ...sets);
  if (status !== 0) throw new Error(errors);
  return withoutSecrets(output);
}

export function objectsOf(rendered: string): KubernetesObject[] {
  return parseAllDocuments(rendered)
    .map((document) => document.toJSON() as KubernetesObject | null)
    .filter((object): object is KubernetesObject => object !== null);
}

/** What is drawn by lot differs from render to render; the word in its place is base64, as the schema wants it. */
export function withoutSecrets(rendered: string): string {
  return rendered.replace(
    /^( {2}[\w.-]*(?:-key|-token|\.password|callers\.json): )"[\w+/=]{20,}"$/gm,
    '$1"UkFORE9N"',
  );
}
