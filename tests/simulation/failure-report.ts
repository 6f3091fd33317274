import { execFileSync } from 'node:child_process';
import { runSchedule, type ScheduleName } from '#simulator/schedule.js';
import { shrink } from '#simulator/shrink.js';

/** Tells of a schedule that broke a law: what is left of it when it is shrunk, all that happened, and how to repeat it. */
export function reportOf(failing: ScheduleName): string {
  const smallest = shrink(failing);
  const { violation, history } = runSchedule(smallest, { isTold: true });
  return [
    ...history,
    '',
    `Broken: ${violation?.message ?? 'nothing, this time'}`,
    `The schedule ${failing.seed} of ${failing.protocol} broke this at commit ${commit()}. Repeat it with:`,
    `  ${commandOf(failing)}`,
    ...(smallest.without.length === 0
      ? []
      : ['or, shrunk to what is told above:', `  ${commandOf(smallest)}`]),
  ].join('\n');
}

function commandOf({ protocol, seed, without }: ScheduleName): string {
  const shrunk = without.length === 0 ? '' : ` --without ${without.join(',')}`;
  return `npm run simulate -- --protocol ${protocol} --seed ${seed} --schedules 1${shrunk}`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // A copy without its history still has its seed.
    return 'unknown';
  }
}
