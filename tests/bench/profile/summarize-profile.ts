import { type CallFrame, type CpuProfile, selfTimes } from './cpu-profile.js';
import { groupOf, type Group } from './group.js';

export interface FunctionTime {
  readonly name: string;
  readonly file: string;
  readonly group: Group;
  readonly selfMs: number;
}

export interface ProfileSummary {
  readonly groupsMs: Readonly<Partial<Record<Group, number>>>;
  /** The functions with the most time of their own, the engine's own states left out. */
  readonly top: readonly FunctionTime[];
}

const topLength = 25;

/** Where the time of some processes went. What the engine does itself counts to the function that asked for it. */
export function summarizeProfiles(
  profiles: readonly CpuProfile[],
  fileOf: (frame: CallFrame) => string,
): ProfileSummary {
  const groupsMs: Partial<Record<Group, number>> = {};
  const functions = new Map<string, FunctionTime>();
  for (const { frame, callers, selfMs } of profiles.flatMap(selfTimes)) {
    const group = [frame, ...callers]
      .map((one) => groupOf(one.functionName, fileOf(one)))
      .find((found) => found !== undefined);
    const counted = group ?? 'other';
    groupsMs[counted] = (groupsMs[counted] ?? 0) + selfMs;
    if (frame.functionName.startsWith('(') || counted === 'profiler') continue;
    const file = shortFile(fileOf(frame));
    const key = `${frame.functionName} ${file}:${frame.lineNumber}`;
    const known = functions.get(key)?.selfMs ?? 0;
    functions.set(key, {
      name: frame.functionName || '(anonymous)',
      file,
      group: counted,
      selfMs: known + selfMs,
    });
  }
  const top = [...functions.values()].sort((left, right) => right.selfMs - left.selfMs).slice(0, topLength);
  return { groupsMs, top };
}

/** A path from the repository or the package on: the same on every machine. */
function shortFile(file: string): string {
  return file
    .replace(/^.*\bnode_modules\//, '')
    .replace(/^.*?(?=(?:packages|services|generated|dist)\/)/, '');
}
