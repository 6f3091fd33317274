import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bannedCallFindings } from './tidy/banned-calls.js';
import { deadFileFindings } from './tidy/dead-files.js';
import { commandFindings, linkFindings, tristateCommandsIn } from './tidy/document-rules.js';
import { importFindings } from './tidy/import-rules.js';
import { machineFindings } from './tidy/machine-rules.js';
import { nameFindings } from './tidy/name-rules.js';
import { fileLengthFindings, functionLengthFindings } from './tidy/size-rules.js';
import { type Finding, format, readTextFiles, sourcesAmong } from './tidy/sources.js';

/** Holds the repository against the rules of style that a machine can check; tests/tidy/ tests the rules. */
describe('the repository is tidy', () => {
  const root = path.join(import.meta.dirname, '..', '..');
  const files = readTextFiles(root);
  const sources = sourcesAmong(files);
  const settings = files.filter((file) =>
    /^(?:package\.json|[\w.]+\.config\.js|docker-compose\.yml|Dockerfile)$/.test(file.path),
  );

  const expectNone = (findings: Finding[]): void => expect(findings.map(format)).toEqual([]);

  it('finds the sources', () => {
    expect(sources.map((source) => source.path)).toContain('tests/tidy.test.ts');
  });

  it('imports only what DESIGN.md allows', () => expectNone(importFindings(sources)));
  it('keeps files short', () => expectNone(fileLengthFindings(sources)));
  it('keeps functions short', () => expectNone(functionLengthFindings(sources)));
  it('makes no banned call', () => expectNone(bannedCallFindings(sources)));
  it('names files for their concepts, in kebab-case', () => expectNone(nameFindings(sources)));
  it('has no dead file', () => expectNone(deadFileFindings(sources, settings)));
  it('depends on no single machine', () => expectNone(machineFindings(files)));
  it('has no dead link in its documents', () => expectNone(linkFindings(files)));

  it('documents only commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: object;
    };
    expectNone(commandFindings(files, Object.keys(scripts), tristateCommandsIn(sources)));
  });
});
