import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** A file of the repository: its path from the root, with slashes, and its content. */
export interface TextFile {
  path: string;
  text: string;
}

export interface SourceFile extends TextFile {
  tree: ts.SourceFile;
}

/** A broken rule. The message says what to do instead. */
export interface Finding {
  path: string;
  line: number;
  message: string;
}

const SOURCE_NAME = /\.(?:ts|mts|js|mjs)$/;
const SOURCE_FOLDERS = ['bootstrap/', 'packages/', 'services/', 'tests/'];
const BINARY_NAME = /\.(?:png|jpe?g|gif|ico|zip|gz|woff2?)$/;

/** All files that are tracked, or would be by `git add`. */
export function readTextFiles(root: string): TextFile[] {
  // A checkout may belong to another user than the one who tests, in a container for example.
  const listing = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', listing, { cwd: root, encoding: 'utf8' }).split('\0');
  return [...new Set(names)]
    .filter((name) => name !== '' && !BINARY_NAME.test(name) && existsSync(path.join(root, name)))
    .map((name) => ({ path: name, text: readFileSync(path.join(root, name), 'utf8') }));
}

/** The code among the files: what people wrote in TypeScript or JavaScript, but not the tools' settings. */
export function sourcesAmong(files: TextFile[]): SourceFile[] {
  return files
    .filter(
      (file) => SOURCE_NAME.test(file.path) && SOURCE_FOLDERS.some((folder) => file.path.startsWith(folder)),
    )
    .map((file) => parseSource(file.path, file.text));
}

export function parseSource(name: string, text: string): SourceFile {
  return { path: name, text, tree: ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true) };
}

export function isTest(name: string): boolean {
  return name.endsWith('.test.ts') || name.startsWith('tests/');
}

export function lineOf(source: SourceFile, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** Calls `visit` for every node of the file, parents before their children. */
export function walk(source: SourceFile, visit: (node: ts.Node) => void): void {
  const enter = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, enter);
  };
  enter(source.tree);
}

export function format(finding: Finding): string {
  return `${finding.path}:${finding.line} ${finding.message}`;
}
