import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { CallFrame } from './cpu-profile.js';

/** Finds out in which file a function of a bundle was written, with the source maps beside the bundles. */
export class SourceFiles {
  private readonly maps = new Map<string, SourceMap | undefined>();

  fileOf({ url, lineNumber, columnNumber }: CallFrame): string {
    if (!url.startsWith('file:')) return url;
    if (!this.maps.has(url)) this.maps.set(url, readMap(fileURLToPath(url)));
    const entry = this.maps.get(url)?.findEntry(lineNumber, columnNumber);
    return entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
  }
}

function readMap(path: string): SourceMap | undefined {
  if (!existsSync(`${path}.map`)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload);
}
