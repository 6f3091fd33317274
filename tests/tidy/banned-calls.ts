import ts from 'typescript';
import { type Finding, isTest, lineOf, type SourceFile, walk } from './sources.js';

interface Ban {
  /** Matches the whole text of an expression: `Date.now`, `new Date`, `await`, `setTimeout`. */
  expression: RegExp;
  applies: (path: string) => boolean;
  instead: string;
}

const isCore = (path: string): boolean => path.startsWith('packages/protocols/') && !isTest(path);

const CONFIGURATION = ['packages/platform/config/', 'packages/cli/', 'bootstrap/'];

const BANS: readonly Ban[] = [
  {
    expression: /^process\.env$/,
    applies: (path) => !isTest(path) && !CONFIGURATION.some((folder) => path.startsWith(folder)),
    instead: 'read the environment in packages/platform/config/ and pass the typed value on',
  },
  {
    expression: /^console\.\w+$/,
    applies: (path) => /^(?:services|packages\/platform)\//.test(path) && !isTest(path),
    instead: 'log with the logger of packages/platform/logging',
  },
  {
    expression: /^(?:Date\.now|new Date|performance\.now|process\.hrtime\S*)$/,
    applies: isCore,
    instead: 'take the time from the event (nowMs)',
  },
  {
    expression: /^(?:Math\.random|crypto\.\w+)$/,
    applies: isCore,
    instead: 'take random values and ids from the event',
  },
  {
    expression: /^(?:setTimeout|setInterval|setImmediate|queueMicrotask)$/,
    applies: isCore,
    instead: 'return a schedule effect and handle the event that it brings',
  },
  {
    expression: /^(?:await|async)$/,
    applies: isCore,
    instead: 'a core is step(state, event) without I/O; return an effect and handle its answer as an event',
  },
  {
    expression: /^require$/,
    applies: () => true,
    instead: 'use import; the package is ESM',
  },
];

export function bannedCallFindings(sources: SourceFile[]): Finding[] {
  return sources.flatMap((source) => {
    const bans = BANS.filter((ban) => ban.applies(source.path));
    const findings: Finding[] = [];
    walk(source, (node) => {
      const expression = expressionOf(node);
      const ban = expression === undefined ? undefined : bans.find((one) => one.expression.test(expression));
      if (ban === undefined) return;
      const message = `${expression} is banned here; ${ban.instead}`;
      findings.push({ path: source.path, line: lineOf(source, node), message });
    });
    return findings;
  });
}

function expressionOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node))
    return node.getText().replace(/\?\.|\s+/g, (found) => (found === '?.' ? '.' : ''));
  if (ts.isNewExpression(node)) return `new ${node.expression.getText()}`;
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return node.expression.text;
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined))
    return 'await';
  return node.kind === ts.SyntaxKind.AsyncKeyword ? 'async' : undefined;
}
