import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { processTree, type ProcessEntry } from './process-table.js';

/**
 * Memory of a process with all that descend from it, in bytes: the proportional set size where the system
 * tells it (pages that n processes share count 1/n in each), else the resident set size.
 */
export function treeMemoryBytes(rootPid: number, all: readonly ProcessEntry[]): number {
  return processTree(rootPid, all)
    .map(({ pid }) => proportionalBytes(pid) ?? residentBytes(pid))
    .reduce((sum, bytes) => sum + bytes, 0);
}

function proportionalBytes(pid: number): number | undefined {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match ? Number(match[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

function residentBytes(pid: number): number {
  try {
    const output = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return Number(output.trim()) * 1024;
  } catch {
    return 0;
  }
}
