import { Failure } from '../failure.js';
import type { ProcessId } from '../launcher/process-table.js';
import { findLiveRun } from '../launcher/run-record.js';
import type { StateFolder } from '../launcher/state-folder.js';
import { WiresClient } from '../launcher/wires/wires-client.js';
import { freezeTree, killTree, thaw } from './freeze-tree.js';

export const serverFaults = ['kill', 'pause', 'cut'] as const;
export type ServerFault = (typeof serverFaults)[number];

/** Ends a fault; more than once does no harm. */
export type Heal = () => void | Promise<void>;

/** A cut ends by itself also when nobody heals it. */
const longestCutMs = 300_000;

/** @throws Failure that says how to start the shop so that this fault is possible */
export function requireFault(state: StateFolder, fault: ServerFault): void {
  if (fault === 'cut') WiresClient.ofRun(state.path);
}

/**
 * Breaks a database server of the running shop. kill: all its processes die at once. pause: they stand still, and go on
 * when it is healed as if nothing had been. cut: nothing passes between it and the others, and what was sent to it
 * arrives when it is healed.
 */
export async function breakServer(state: StateFolder, member: string, fault: ServerFault): Promise<Heal> {
  switch (fault) {
    case 'kill':
      killTree(findServer(state, member));
      // The launcher brings it back.
      return () => undefined;
    case 'pause': {
      const frozen = freezeTree(findServer(state, member));
      return () => thaw(frozen);
    }
    case 'cut': {
      const wires = WiresClient.ofRun(state.path);
      await wires.isolate(member, 'cut', longestCutMs);
      return () => wires.openAll();
    }
  }
}

function findServer(state: StateFolder, member: string): ProcessId {
  const process = findLiveRun(state)?.processes.find(({ name }) => name === member);
  if (process === undefined) throw new Failure(`The server ${member} does not run.`);
  return process;
}
