import { execFileSync } from 'node:child_process';
import fc from 'fast-check';

/** A run of its own: `SIMULATION_SEED=… SIMULATION_RUNS=… SIMULATION_PATH=…`; without them every run is the same. */
const { SIMULATION_SEED: seed, SIMULATION_RUNS: runs, SIMULATION_PATH: path } = process.env;

export const settings = {
  seed: Number(seed ?? 1987),
  ...(path === undefined ? {} : { path }),
};

export function numberOfRuns(byDefault: number): number {
  return Number(runs ?? byDefault);
}

/** Fails with the shrunk counterexample, what happened in it, the commit, and the command that repeats it. */
export function reportFailure<T>(suite: string, details: fc.RunDetails<T>): void {
  if (!details.failed) return;
  const { seed, counterexamplePath, numRuns, counterexample, errorInstance } = details;
  const repeat = [
    `SIMULATION_SEED=${seed}`,
    `SIMULATION_PATH=${counterexamplePath}`,
    'NODE_OPTIONS=--experimental-vm-modules',
    `npx jest dist/tests/simulation/${suite}.test.js`,
  ];
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    [
      `Failed after ${numRuns} runs with seed ${seed} at commit ${commit()}. Repeat it with:`,
      `  ${repeat.join(' ')}`,
      reason,
      `Counterexample: ${fc.stringify(counterexample)}`,
    ].join('\n'),
  );
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // A copy without its history still has its seed.
    return 'unknown';
  }
}
