import ts from 'typescript';
import { type Finding, isTest, lineOf, type SourceFile, walk } from './sources.js';

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;

export function fileLengthFindings(sources: SourceFile[]): Finding[] {
  return sources.flatMap((source) => {
    const lines = source.text.trimEnd().split('\n').length;
    // A protocol core may be longer where one reading order helps.
    const isCore = source.path.startsWith('packages/protocols/') && !isTest(source.path);
    if (lines <= MAX_FILE_LINES || isCore) return [];
    const message = `has ${lines} lines, ${MAX_FILE_LINES} at most; give one of its concepts a file of its own`;
    return [{ path: source.path, line: 1, message }];
  });
}

export function functionLengthFindings(sources: SourceFile[]): Finding[] {
  return sources.flatMap((source) => {
    const findings: Finding[] = [];
    walk(source, (node) => {
      // The function around a group of tests is a list of tests, not something to be read as one.
      if (!ts.isFunctionLike(node) || (isTest(source.path) && isTestGroup(node))) return;
      const first = lineOf(source, node);
      const last = source.tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
      const lines = last - first + 1;
      if (lines <= MAX_FUNCTION_LINES) return;
      const message = `${nameOf(node)} has ${lines} lines, ${MAX_FUNCTION_LINES} at most; keep its branches and move its leaves out`;
      findings.push({ path: source.path, line: first, message });
    });
    return findings;
  });
}

/** `describe('…', () => {…})`, or a group that several suites share: `function describeOrders() {…}`. */
function isTestGroup(node: ts.SignatureDeclaration): boolean {
  const call = node.parent;
  return (
    (ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText())) ||
    /^describe[A-Z]/.test(nameOf(node))
  );
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'a function';
}
