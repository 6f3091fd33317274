import { execFileSync } from 'node:child_process';
import path from 'node:path';
import ts from 'typescript';
import type { KubernetesObject } from './render.js';
import { installTools, toolsFolder } from './tools.js';

/** The package that describes the objects of an API group. */
function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith('monitoring.coreos.com/')) return '@kubernetes-models/prometheus-operator';
  if (apiVersion.startsWith('gateway.networking.k8s.io/')) return '@kubernetes-models/gateway-api';
  return 'kubernetes-models';
}

function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  return `${packageOf(apiVersion)}/${apiVersion}/${kind}`;
}

/**
 * What Kubernetes' OpenAPI schemas have against the objects: types, formats, what is missing. In a process of its own, since
 * Jest cannot load modules that import each other in a circle.
 */
export function schemaFindings(objects: readonly KubernetesObject[]): string[] {
  installTools();
  const entries = objects.map((object) => ({
    file: path.join(toolsFolder, 'node_modules', `${moduleOf(object)}.js`),
    object,
  }));
  const output = execFileSync(process.execPath, [path.join(import.meta.dirname, 'validate/main.js')], {
    input: JSON.stringify(entries),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: {},
  });
  return JSON.parse(output) as string[];
}

/**
 * The fields that no schema knows. The schemas themselves let them pass, as the API server would with a warning; but the types
 * made from them do not: the objects are written down as literals of these types, for the compiler to complain about.
 */
export function unknownFields(objects: readonly KubernetesObject[]): string[] {
  installTools();
  const lines = objects.map((object, index) => {
    const type = `import(${JSON.stringify(moduleOf(object))}).I${object.kind}`;
    return `export const object${index}: ${type} = ${JSON.stringify(object)};`;
  });
  const file = path.join(toolsFolder, 'objects.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const files = ts.createCompilerHost(options);
  const text = lines.join('\n');
  host.fileExists = (name) => name === file || files.fileExists(name);
  host.readFile = (name) => (name === file ? text : files.readFile(name));
  host.getSourceFile = (name, languageVersion, ...rest) =>
    name === file
      ? ts.createSourceFile(name, text, languageVersion)
      : files.getSourceFile(name, languageVersion, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText, start, file: source }) => {
      const index = source && start !== undefined ? source.getLineAndCharacterOfPosition(start).line : 0;
      const object = objects[index];
      return `${object?.kind} ${object?.metadata.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}
