import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { KubernetesObject } from '../render.js';

type Model = new (data: unknown) => { validate(): void };

/** Reads objects with the files of their schemas from standard input, and writes what the schemas have against them. */
const entries = JSON.parse(readFileSync(0, 'utf8')) as { file: string; object: KubernetesObject }[];
const findings: string[] = [];
for (const { file, object } of entries) {
  const { kind, metadata } = object;
  try {
    const models = (await import(pathToFileURL(file).href)) as Record<string, Model>;
    const model = models[kind];
    if (model === undefined) throw new Error(`${file} has no ${kind}`);
    new model(object).validate();
  } catch (error) {
    findings.push(`${kind} ${metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
process.stdout.write(JSON.stringify(findings));
