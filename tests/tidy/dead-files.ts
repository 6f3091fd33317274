import path from 'node:path';
import ts from 'typescript';
import { importsOf } from './import-rules.js';
import { type Finding, type SourceFile, type TextFile, walk } from './sources.js';

/** What runs without being imported: processes, tests, and the migrations that a tool reads as a folder. */
const ENTRY = /(?:^|\/)main\.ts$|\.test\.ts$|\/migrations\//;

/**
 * Files that nothing uses: no other file imports them, and no string names them (the bootstrap starts
 * programs by their path, package.json and the tools' settings name theirs). A file that only its own test
 * imports is dead, too.
 */
export function deadFileFindings(sources: SourceFile[], settings: TextFile[]): Finding[] {
  const users = usersOf(sources);
  const named = namedFiles(sources, settings);
  return sources.flatMap(({ path: file }) => {
    const isAlive =
      ENTRY.test(file) ||
      file.endsWith('.d.mts') ||
      named.has(path.posix.basename(compiledName(file))) ||
      (users.get(compiledName(file)) ?? []).some((user) => !isTestOf(user, file));
    if (isAlive) return [];
    return [
      { path: file, line: 1, message: 'nothing uses this file; import it where it is needed, or remove it' },
    ];
  });
}

/** Importers by the name under which a file is imported: order.ts is imported as order.js. */
function usersOf(sources: SourceFile[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const source of sources) {
    for (const { target } of importsOf(source)) {
      if (target === undefined) continue;
      users.set(target, [...(users.get(target) ?? []), source.path]);
    }
  }
  return users;
}

function namedFiles(sources: SourceFile[], settings: TextFile[]): Set<string> {
  const named = new Set<string>();
  const add = (text: string): void => {
    for (const [, name] of text.matchAll(/([\w.-]+\.m?js)\b/g)) if (name !== undefined) named.add(name);
  };
  for (const setting of settings) add(setting.text);
  for (const source of sources) {
    const specifiers = new Set(importsOf(source).map((imported) => imported.specifier));
    walk(source, (node) => {
      if ((ts.isStringLiteralLike(node) && !specifiers.has(node.text)) || ts.isTemplateHead(node))
        add(node.text);
      if (ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) add(node.text);
    });
  }
  return named;
}

function compiledName(file: string): string {
  return file.replace(/\.ts$/, '.js').replace(/\.mts$/, '.mjs');
}

function isTestOf(user: string, file: string): boolean {
  return user === file.replace(/\.ts$/, '.test.ts');
}
