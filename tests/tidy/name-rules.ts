import type { Finding, SourceFile } from './sources.js';

const KEBAB_CASE = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;
const NAMELESS = /^(?:utils?|utilities|helpers?|common|managers?|misc)$/;

export function nameFindings(sources: Pick<SourceFile, 'path'>[]): Finding[] {
  return sources.flatMap(({ path }) => {
    const segments = path.split('/');
    const crooked = segments.find((segment) => !KEBAB_CASE.test(segment));
    if (crooked !== undefined) {
      return [{ path, line: 1, message: `write ${crooked} in kebab-case, as in place-order.ts` }];
    }
    const nameless = segments.flatMap((segment) => segment.split(/[-.]/)).find((word) => NAMELESS.test(word));
    if (nameless === undefined) return [];
    const message = `"${nameless}" names nothing; name the file for the concept in it, or put the code where it is used`;
    return [{ path, line: 1, message }];
  });
}
