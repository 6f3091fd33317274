import { describe, expect, it } from '@jest/globals';
import { bannedCallFindings } from './banned-calls.js';
import { deadFileFindings } from './dead-files.js';
import { importFindings } from './import-rules.js';
import { nameFindings } from './name-rules.js';
import { fileLengthFindings, functionLengthFindings } from './size-rules.js';
import { type Finding, parseSource } from './sources.js';

/** A rule that cannot fail is worthless: each is shown code that it must refuse, and code that it must let pass. */

const messagesOf = (findings: Finding[]): string[] => findings.map((finding) => finding.message);

describe('import rules', () => {
  const judge = (file: string, text: string): string[] =>
    messagesOf(importFindings([parseSource(file, text)]));

  it.each([
    [
      'packages/protocols/saga/saga.ts',
      "import { x } from '#platform/config.js';",
      'protocols may not import platform',
    ],
    ['packages/protocols/saga/saga.ts', "import { x } from 'node:crypto';", 'may not import node:crypto'],
    ['packages/protocols/saga/saga.ts', "import { x } from 'zod';", 'may not import zod'],
    [
      'packages/simulator/clock.ts',
      "import { x } from '#platform/config.js';",
      'simulator may not import platform',
    ],
    ['packages/platform/http/server.ts', "import { x } from '#cli/main.js';", 'platform may not import cli'],
    [
      'packages/cli/main.ts',
      "import { x } from '#services/order/main.js';",
      'cli may not import service:order',
    ],
    [
      'services/order/order.module.ts',
      "import { x } from '#services/account/account.module.js';",
      'may not import service:account',
    ],
    [
      'services/order/order.module.ts',
      "export * from '#services/account/account.module.js';",
      'may not import service:account',
    ],
    ['services/order/main.ts', "type A = import('#services/account/main.js').A;", '*.module.js only'],
    ['services/order/main.ts', "await import('#services/account/main.js');", '*.module.js only'],
    ['services/order/main.ts', "import { x } from '../../packages/platform/config.js';", 'write #platform/'],
    [
      'services/monolith/main.ts',
      "import { x } from '#services/order/domain/place-order.js';",
      '*.module.js only',
    ],
    [
      'services/order/main.ts',
      "import { x } from '#tests/x.js'; import y from '../../tests/y.js';",
      'reaches into tests',
    ],
    ['services/order/main.ts', "import fs from 'fs';", 'write node:fs'],
    ['bootstrap/start.mjs', "import { z } from 'zod';", 'before any package is installed'],
  ])('refuse in %s: %s', (file, text, message) => {
    expect(judge(file, text)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['packages/protocols/saga/saga.ts', "import { x } from '../commit/messages.js';"],
    ['packages/protocols/saga/saga.test.ts', "import { x } from 'fast-check'; import fs from 'node:fs';"],
    ['services/order/main.ts', "import { x } from '#platform/config.js'; import { z } from 'zod';"],
    ['services/monolith/monolith.module.ts', "import { x } from '#services/order/order.module.js';"],
    ['services/order/main.ts', "import { x } from '#services/registry/registry.module.js';"],
    ['bootstrap/tristate.mjs', "await import('../dist/packages/cli/main.js');"],
    ['tests/e2e/x.ts', "import { x } from '#services/order/domain/place-order.js';"],
  ])('let pass in %s: %s', (file, text) => {
    expect(judge(file, text)).toEqual([]);
  });
});

describe('banned calls', () => {
  const judge = (file: string, text: string): string[] =>
    messagesOf(bannedCallFindings([parseSource(file, text)]));

  it.each([
    ['services/order/order.module.ts', 'const url = process.env.URL;', 'process.env is banned'],
    ['packages/platform/http/server.ts', "const url = process.env['URL'];", 'process.env is banned'],
    ['services/order/main.ts', "console.log('up');", 'console.log is banned'],
    ['packages/platform/http/server.ts', 'console.error(error);', 'console.error is banned'],
    ['packages/protocols/saga/saga.ts', 'const at = Date.now();', 'Date.now is banned'],
    ['packages/protocols/saga/saga.ts', 'const at = new Date();', 'new Date is banned'],
    ['packages/protocols/saga/saga.ts', 'const id = Math.random();', 'Math.random is banned'],
    ['packages/protocols/saga/saga.ts', 'const id = crypto.randomUUID();', 'crypto.randomUUID is banned'],
    ['packages/protocols/saga/saga.ts', 'setTimeout(retry, 10);', 'setTimeout is banned'],
    ['packages/protocols/saga/saga.ts', 'await send(message);', 'await is banned'],
    ['packages/protocols/saga/saga.ts', 'for await (const x of y) use(x);', 'await is banned'],
    ['packages/protocols/saga/saga.ts', 'const f = async () => 1;', 'async is banned'],
    ['packages/protocols/saga/saga.ts', 'class A { async step() {} }', 'async is banned'],
    ['services/order/main.ts', "const fs = require('node:fs');", 'require is banned'],
  ])('are refused in %s: %s', (file, text, message) => {
    expect(judge(file, text)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['packages/platform/config/process-config.ts', 'parse(process.env);'],
    ['packages/cli/main.ts', 'console.log(process.env.HOME);'],
    ['packages/platform/process/semaphore.ts', 'await later(Date.now(), Math.random());'],
    ['packages/protocols/saga/saga.test.ts', 'const at = Date.now();'],
    ['packages/protocols/saga/saga.ts', '// Date.now() would be wrong here.\nconst text = "new Date()";'],
  ])('pass in %s: %s', (file, text) => {
    expect(judge(file, text)).toEqual([]);
  });
});

describe('size rules', () => {
  const lines = (count: number): string => 'call();\n'.repeat(count);
  const lengths = (file: string, text: string): string[] =>
    messagesOf(functionLengthFindings([parseSource(file, text)]));

  it('refuse a file of 401 lines, but for a protocol core', () => {
    const judge = (file: string, count: number): string[] =>
      messagesOf(fileLengthFindings([parseSource(file, lines(count))]));
    expect(judge('services/order/main.ts', 401)).toEqual([
      expect.stringContaining('has 401 lines, 400 at most'),
    ]);
    expect(judge('packages/protocols/saga/saga.test.ts', 401)).toHaveLength(1);
    expect(judge('services/order/main.ts', 400)).toEqual([]);
    expect(judge('packages/protocols/saga/saga.ts', 900)).toEqual([]);
  });

  it.each([
    ['place', `function place() {\n${lines(69)}}`],
    ['place', `const place = () => {\n${lines(69)}};`],
    ['place', `class A {\n  place() {\n${lines(69)}}\n}`],
    ['constructor', `class A {\n  constructor() {\n${lines(69)}}\n}`],
    ['a function', `call(function () {\n${lines(69)}});`],
  ])('refuse a function of 71 lines: %s', (name, text) => {
    expect(lengths('services/order/main.ts', text)).toEqual([
      expect.stringContaining(`${name} has 71 lines, 70 at most`),
    ]);
  });

  it('let pass a function of 70 lines, and a long group of tests', () => {
    expect(lengths('services/order/main.ts', `function place() {\n${lines(68)}}`)).toEqual([]);
    expect(lengths('services/order/a.test.ts', `describe('a', () => {\n${lines(200)}});`)).toEqual([]);
    expect(lengths('tests/e2e/a.ts', `function describeA() {\n${lines(200)}}`)).toEqual([]);
    expect(lengths('services/order/a.ts', `function describeA() {\n${lines(200)}}`)).toHaveLength(1);
    expect(lengths('services/order/a.test.ts', `it('a', () => {\n${lines(200)}});`)).toHaveLength(1);
  });
});

describe('name rules', () => {
  const judge = (file: string): string[] => messagesOf(nameFindings([{ path: file }]));

  it.each(['services/order/placeOrder.ts', 'services/order/place_order.ts', 'services/Order/main.ts'])(
    'refuse %s',
    (file) => {
      expect(judge(file)).toEqual([expect.stringContaining('in kebab-case')]);
    },
  );

  it.each([
    'packages/platform/utils.ts',
    'packages/platform/common/errors.ts',
    'packages/platform/test-helpers.ts',
    'services/order/order.helper.ts',
    'services/order/transaction-manager.ts',
  ])('refuse %s', (file) => {
    expect(judge(file)).toEqual([expect.stringContaining('names nothing')]);
  });

  it.each([
    'services/order/api/order.controller.ts',
    'tests/e2e/contract.stage-01.test.ts',
    'tests/tidy.test.ts',
  ])('let pass %s', (file) => {
    expect(judge(file)).toEqual([]);
  });
});

describe('the search for dead files', () => {
  const judge = (files: Record<string, string>, packageJson = ''): string[] =>
    deadFileFindings(
      Object.entries(files).map(([file, text]) => parseSource(file, text)),
      [{ path: 'package.json', text: packageJson }],
    ).map((finding) => finding.path);

  it('finds what nobody imports', () => {
    expect(judge({ 'services/order/main.ts': '', 'services/order/old.ts': '' })).toEqual([
      'services/order/old.ts',
    ]);
  });

  it('finds what only its own test imports', () => {
    const test = "import { old } from './old.js';";
    expect(judge({ 'services/order/old.ts': '', 'services/order/old.test.ts': test })).toEqual([
      'services/order/old.ts',
    ]);
  });

  it('knows imports by path, by alias and at run time, names in settings, and programs that are started', () => {
    const files = {
      'services/order/main.ts':
        "import './a.js'; import '#platform/b.js'; await import('./c.js'); start('worker.mjs');",
      'services/order/a.ts': '',
      'packages/platform/b.ts': '',
      'services/order/c.ts': '',
      'bootstrap/worker.mjs': '',
      'bootstrap/start.mjs': '',
    };
    expect(judge(files, '"start": "node bootstrap/start.mjs"')).toEqual([]);
  });
});
