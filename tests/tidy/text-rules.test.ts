import { describe, expect, it } from '@jest/globals';
import { commandFindings, linkFindings, tristateCommandsIn } from './document-rules.js';
import { machineFindings } from './machine-rules.js';
import { type Finding, parseSource } from './sources.js';

const messagesOf = (findings: Finding[]): string[] => findings.map((finding) => finding.message);

describe('machine rules', () => {
  const judge = (text: string, path = 'README.md'): string[] => messagesOf(machineFindings([{ path, text }]));

  // Put together here, since this file is held against the rules, too.
  it.each([
    ['/wor' + 'k/main/dist', 'a path of one machine'],
    ['cd "/ro' + 'ot/tristate"', 'a path of one machine'],
    ['/ho' + 'me/ada/tristate', 'a path of one machine'],
    ['see https://regi' + 'stry.example.org/x', 'the host of a registry'],
    ['https://www.npm' + 'js.com/package/zod', 'the host of a registry'],
    ['deb http://de' + 'b.debian.org/debian bookworm main', 'the host of a registry'],
  ])('refuse %s', (text, message) => {
    expect(judge(`first line\n${text}`)).toEqual([expect.stringContaining(message)]);
  });

  it('refuse download addresses in the lock file', () => {
    const lock = '{\n      "resolved": "ht' + 'tps://packages.example.org/zod.tgz",\n}';
    expect(judge(lock, 'package-lock.json')).toEqual([
      expect.stringContaining('names where a package came from'),
    ]);
  });

  it.each([
    '/api/orders',
    './wor' + 'k/x',
    'tests/wor' + 'k/x',
    'the registry.module.ts of a service',
    '/home/node/app',
  ])('let pass %s', (text) => {
    expect(judge(text)).toEqual([]);
  });
});

describe('document rules', () => {
  const links = (text: string): string[] =>
    messagesOf(
      linkFindings([
        { path: 'docs/a.md', text },
        { path: 'docs/b.md', text: '# The `way` of it' },
      ]),
    );

  it.each([
    ['[b](c.md)', 'does not exist'],
    ['see [b](../b.md) there', 'does not exist'],
    ['![picture](b.png)', 'does not exist'],
    ['[b](b.md#the-end)', 'no such heading'],
    ['[here](#nowhere)', 'no such heading'],
  ])('refuse %s', (text, message) => {
    expect(links(text)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    '[b](b.md)',
    '[b](./b.md "title")',
    '[b](b.md#the-way-of-it)',
    '[docs](../docs)',
    '[x](https://example.org)',
  ])('let pass %s', (text) => {
    expect(links(text)).toEqual([]);
  });

  it('know the npm scripts and the commands of the CLI', () => {
    const commands = tristateCommandsIn([
      parseSource(
        'packages/cli/main.ts',
        "program.command('up [stage]'); new Command('order'); log('down');",
      ),
    ]);
    const judge = (text: string): string[] =>
      messagesOf(commandFindings([{ path: 'README.md', text }], ['dev', 'test:fast'], commands));
    expect(
      judge('`npm run dev`, `npm run test:fast`, `npx tristate up --json`, `npx tristate order`'),
    ).toEqual([]);
    expect(judge('`npm run deploy`')).toEqual([expect.stringContaining('names npm run deploy')]);
    expect(judge('`npx tristate down`')).toEqual([expect.stringContaining('names npx tristate down')]);
  });
});
