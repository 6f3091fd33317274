import type { Finding, TextFile } from './sources.js';

interface Trace {
  pattern: RegExp;
  message: string;
}

const TRACES: readonly Trace[] = [
  {
    pattern: /(?<![\w./~$}-])\/(?:work|root|Users|home\/(?!node\b)[a-z]\w*)\//,
    message: 'is a path of one machine; derive it from import.meta.url, os.tmpdir() or the working directory',
  },
  {
    pattern:
      /\bregistry\.[\w.-]+\.(?:com|org|net|io|dev|example)\b|\b(?:deb|security)\.debian\.org\b|\bnpmjs\.(?:org|com)\b|\.pkg\.dev\b/,
    message: 'names the host of a registry; leave the choice to the machine’s own settings',
  },
];

/** What works on one machine only: absolute paths and the hosts of package registries. */
export function machineFindings(files: TextFile[]): Finding[] {
  return files.flatMap((file) => [
    ...file.text.split('\n').flatMap((line, index) =>
      TRACES.flatMap(({ pattern, message }) => {
        const found = pattern.exec(line)?.[0];
        return found === undefined
          ? []
          : [{ path: file.path, line: index + 1, message: `${found} ${message}` }];
      }),
    ),
    ...lockFindings(file),
  ]);
}

function lockFindings(file: TextFile): Finding[] {
  if (!file.path.endsWith('package-lock.json')) return [];
  return file.text.split('\n').flatMap((line, index) => {
    // A link inside the repository has no host.
    if (!/^\s*"resolved": "\w+:\/\//.test(line)) return [];
    const message = 'names where a package came from; run npm install with --omit-lockfile-registry-resolved';
    return [{ path: file.path, line: index + 1, message }];
  });
}
