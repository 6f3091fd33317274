import path from 'node:path';
import ts from 'typescript';
import { type Finding, type SourceFile, type TextFile, walk } from './sources.js';

const LINK = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g;
const NPM_RUN = /\bnpm run ([\w:-]+)/g;
const TRISTATE = /\bnpx tristate ([a-z][\w-]*)/g;

/** Relative links in Markdown that lead nowhere, to a file or to a heading. */
export function linkFindings(files: TextFile[]): Finding[] {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const folders = new Set(files.flatMap((file) => parentsOf(file.path)));
  return findIn(files, LINK, (link, file) => {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) return undefined;
    const [name = '', anchor] = decodeURIComponent(link).split('#');
    const target =
      name === '' ? file.path : path.posix.join(path.posix.dirname(file.path), name).replace(/\/$/, '');
    const text = texts.get(target);
    if (text === undefined) {
      return folders.has(target)
        ? undefined
        : `links to ${link}, which does not exist; name an existing file`;
    }
    if (anchor === undefined || !target.endsWith('.md') || headingsOf(text).has(anchor)) return undefined;
    return `links to ${link}, but ${target} has no such heading`;
  });
}

/** Commands in the documents that do not exist: npm scripts, and commands of `tristate`. */
export function commandFindings(files: TextFile[], scripts: string[], tristateCommands: string[]): Finding[] {
  return [
    ...findIn(files, NPM_RUN, (script) =>
      scripts.includes(script)
        ? undefined
        : `names npm run ${script}; package.json has ${scripts.join(', ')}`,
    ),
    ...findIn(files, TRISTATE, (command) =>
      tristateCommands.includes(command)
        ? undefined
        : `names npx tristate ${command}; the commands are ${tristateCommands.join(', ')}`,
    ),
  ];
}

/** The commands that packages/cli registers with commander: `.command('up')` and `new Command('up')`. */
export function tristateCommandsIn(sources: SourceFile[]): string[] {
  const commands = new Set(['help']);
  for (const source of sources.filter((one) => one.path.startsWith('packages/cli/'))) {
    walk(source, (node) => {
      const isRegistration =
        (ts.isCallExpression(node) && /\.command$/.test(node.expression.getText())) ||
        (ts.isNewExpression(node) && node.expression.getText() === 'Command');
      const name = isRegistration ? node.arguments?.[0] : undefined;
      if (name !== undefined && ts.isStringLiteralLike(name)) commands.add(name.text.split(' ')[0] ?? '');
    });
  }
  return [...commands];
}

function findIn(
  files: TextFile[],
  pattern: RegExp,
  judge: (found: string, file: TextFile) => string | undefined,
): Finding[] {
  return files
    .filter((file) => file.path.endsWith('.md'))
    .flatMap((file) =>
      file.text.split('\n').flatMap((line, index) =>
        [...line.matchAll(pattern)].flatMap(([, found = '']) => {
          const message = judge(found, file);
          return message === undefined ? [] : [{ path: file.path, line: index + 1, message }];
        }),
      ),
    );
}

function parentsOf(file: string): string[] {
  const segments = file.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

/** Anchors as the usual renderers make them: lower case, no punctuation, dashes for spaces. */
function headingsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}
