import {
  actionsAt,
  failpoints,
  faultActions,
  isFailpoint,
  type Failpoint,
  type FaultAction,
} from '#protocols/commit/failpoints.js';

/** A fault as it is written on the command line. */
export interface WrittenFault {
  readonly point: Failpoint;
  readonly action: FaultAction;
  readonly durationMs?: number;
  readonly process?: string;
  /** The first time that it acts, counted from 1. */
  readonly nth: number;
  /** Acts every time from then on, until its time to live is over; else once. */
  readonly repeated: boolean;
}

export type ParsedFault = { ok: true; fault: WrittenFault } | { ok: false; problem: string };

export const faultForm = 'POINT=ACTION[:DURATION_MS][@PROCESS][#NTH[+]]';
const form = /^([^=]*)=([^:@#]*)(?::([^@#]*))?(?:@([^#]*))?(?:#(.*))?$/;
const longestDurationMs = 60_000;
const highestNth = 1_000;
const mostSuggestions = 3;

/** Reads `coordinator.decision.after-log=pause:3000@coordinator-1#2`. */
export function parseFault(text: string): ParsedFault {
  const match = form.exec(text);
  if (match === null) return refuse(`A fault is written ${faultForm}, for example ${example}`);
  const [, point = '', action = '', duration, process, nthText = '1'] = match;
  if (!isFailpoint(point)) {
    const near = nearest(point, failpoints).join(', ');
    return refuse(`There is no failpoint ${point || '(empty)'}. Did you mean ${near}?`);
  }
  const allowed = actionsAt(point);
  const known = faultActions.find((name) => name === action);
  if (known === undefined || !allowed.includes(known)) {
    return refuse(`${action || '(nothing)'} cannot happen at ${point}; there are ${allowed.join(', ')}`);
  }
  const durationMs = duration === undefined ? undefined : wholeNumber(duration, longestDurationMs);
  if (durationMs === 'wrong' || (durationMs !== undefined && !hasDuration(known))) {
    return refuse(
      hasDuration(known)
        ? `A duration is a whole number of ms up to ${longestDurationMs}, not ${duration}`
        : `Only a pause and a delay have a duration, not ${known}`,
    );
  }
  if (process !== undefined && !/^[a-z]+(-\d+)?$/.test(process)) {
    return refuse(
      `A process is named like coordinator-1, and all of a service like coordinator, not ${process || '(empty)'}`,
    );
  }
  const nth = wholeNumber(nthText.replace(/\+$/, ''), highestNth);
  if (nth === 'wrong') {
    return refuse(`#NTH is a whole number from 1 to ${highestNth}, with + for every time from then on`);
  }
  return {
    ok: true,
    fault: {
      point,
      action: known,
      nth,
      repeated: nthText.endsWith('+'),
      ...(durationMs !== undefined && { durationMs }),
      ...(process !== undefined && { process }),
    },
  };
}

const example = 'coordinator.decision.after-log=crash';

function refuse(problem: string): ParsedFault {
  return { ok: false, problem };
}

function hasDuration(action: FaultAction): boolean {
  return action === 'pause' || action === 'delay';
}

function wholeNumber(text: string, highest: number): number | 'wrong' {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= highest ? value : 'wrong';
}

/** The names that differ least in their letters. */
export function nearest(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, mostSuggestions)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance: how many letters have to be put in, taken out or changed. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = (previous[column - 1] ?? 0) + Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(changed, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
