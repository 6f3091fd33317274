import {
  listProcesses,
  processTree,
  signal,
  type ProcessEntry,
  type ProcessId,
} from '../launcher/process-table.js';

/**
 * Stops a process and all that descend from it. A server of PostgreSQL is a tree: a parent that is stopped alone leaves
 * its sessions at work. The parent goes first, so that no child is added that would be missed.
 * @returns those that were stopped
 */
export function freezeTree(root: ProcessId): ProcessId[] {
  return signalTree(root, 'SIGSTOP');
}

/** Only those that are still the same processes. */
export function thaw(frozen: readonly ProcessId[]): void {
  for (const one of frozen) signal(one, 'SIGCONT');
}

/** Kills a process and all that descend from it at once, like the death of their machine. */
export function killTree(root: ProcessId): void {
  signalTree(root, 'SIGKILL');
}

function signalTree(root: ProcessId, name: NodeJS.Signals): ProcessId[] {
  const tree: ProcessEntry[] = processTree(root.pid, listProcesses());
  // Another process may have got the number meanwhile.
  if (tree[0]?.startTime !== root.startTime) return [];
  for (const one of tree) signal(one, name);
  return tree;
}
