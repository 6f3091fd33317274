import { builtinModules } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { type Finding, isTest, lineOf, type SourceFile, walk } from './sources.js';

/** A specifier as it is written, and the repository's file that it means, if it means one. */
export interface Import {
  specifier: string;
  line: number;
  target: string | undefined;
}

const ALIASES: Record<string, string> = {
  '#protocols': 'packages/protocols',
  '#simulator': 'packages/simulator',
  '#platform': 'packages/platform',
  '#cli': 'packages/cli',
  '#services': 'services',
  '#generated': 'generated',
  '#bootstrap': 'bootstrap',
};

/** What each unit may import besides itself; npm packages and Node are ruled on below. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocols: [],
  simulator: ['protocols'],
  platform: ['protocols', 'generated'],
  cli: ['protocols', 'platform', 'bootstrap'],
  service: ['protocols', 'platform', 'generated'],
  bootstrap: [],
};

/** Loaded on demand, once packages are there. */
const AFTER_INSTALLATION = ['bootstrap/bundle.mjs'];

export function importsOf(source: SourceFile): Import[] {
  const imports: Import[] = [];
  walk(source, (node) => {
    const literal = specifierOf(node);
    if (literal === undefined) return;
    const specifier = literal.text;
    imports.push({ specifier, line: lineOf(source, literal), target: targetOf(source.path, specifier) });
  });
  return imports;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return asLiteral(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return asLiteral(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return asLiteral(node.arguments[0]);
  }
  return undefined;
}

function asLiteral(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}

function targetOf(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(importer), specifier);
  const alias = /^#[^/]+/.exec(specifier)?.[0];
  const folder = alias === undefined ? undefined : ALIASES[alias];
  return folder === undefined || alias === undefined ? undefined : folder + specifier.slice(alias.length);
}

/** The unit that a file belongs to: `protocols`, `platform`, `service:order` and so on. */
export function unitOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  if (top === 'packages') return second;
  if (top === 'services') return `service:${second}`;
  return top;
}

/** DESIGN.md, "Who may import whom". */
export function importFindings(sources: SourceFile[]): Finding[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap((imported) => {
      const message = importMessage(source.path, imported);
      return message === undefined ? [] : [{ path: source.path, line: imported.line, message }];
    }),
  );
}

function importMessage(importer: string, imported: Import): string | undefined {
  const unit = unitOf(importer);
  if (imported.target === undefined) return externalMessage(unit, importer, imported.specifier);
  const targetUnit = unitOf(imported.target);
  if (unit === targetUnit) return undefined;
  // The bootstrap loads what it has built, and only then; the compiler's output is no source.
  if (unit === 'bootstrap' && targetUnit === 'dist') return undefined;
  if (unit === 'tests' || (importer.endsWith('.test.ts') && targetUnit === 'tests')) return undefined;
  if (imported.specifier.startsWith('.')) {
    return `reaches into ${targetUnit} by a relative path; write #${targetUnit.replace(':', 's/')}/… instead`;
  }
  if (composes(importer) && /^service:/.test(targetUnit)) {
    return imported.target.endsWith('.module.js')
      ? undefined
      : `takes ${imported.target} out of another service; who composes a process may import other services' *.module.js only`;
  }
  return unitMessage(unit, targetUnit);
}

/** Where it is said which modules a process is made of. */
function composes(importer: string): boolean {
  return /^services\/(monolith\/.*|[^/]+\/main)\.ts$/.test(importer);
}

function unitMessage(unit: string, targetUnit: string): string | undefined {
  const allowed = MAY_IMPORT[unit.replace(/:.*/, '')] ?? [];
  if (allowed.includes(targetUnit)) return undefined;
  const choice = allowed.length === 0 ? 'only its own files' : `its own files, ${allowed.join(', ')}`;
  return `${unit} may not import ${targetUnit}; it may import ${choice}. Move what both need to where both may look`;
}

function externalMessage(unit: string, importer: string, specifier: string): string | undefined {
  const isNode = specifier.startsWith('node:') || builtinModules.includes(specifier);
  if (isNode && !specifier.startsWith('node:'))
    return `write node:${specifier}, so that no package can take its place`;
  if (isTest(importer)) return undefined;
  if (unit === 'protocols') {
    return `a protocol core may not import ${specifier}; let an event bring what it needs`;
  }
  if (unit === 'bootstrap' && !isNode && !AFTER_INSTALLATION.includes(importer)) {
    return `the bootstrap runs before any package is installed; use Node's own modules instead of ${specifier}`;
  }
  return undefined;
}
