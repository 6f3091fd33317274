interface SuiteResult {
  testFilePath: string;
  perfStats: { runtime: number };
  testResults: { fullName: string; duration?: number | null }[];
}

interface RunResults {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: SuiteResult[];
}

const SLOW_TEST_MS = 1_000;
const SLOWEST_LISTED = 15;

/** Ends a run with the slow tests and one line that a machine can read: `12 passed, 0 failed, 1 skipped`. */
export default class ClosingLine {
  onRunComplete(_contexts: unknown, results: RunResults): void {
    const lines = [...slowTests(results.testResults), closingLine(results)];
    // Jest adds its own summary as the last reporter, so this waits for the exit. Both go to stderr.
    process.once('exit', () => process.stderr.write(`\n${lines.join('\n')}\n`));
  }
}

export function closingLine(results: Omit<RunResults, 'testResults'>): string {
  // A suite that does not load runs no test, and must not look like a success.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  const line = `${results.numPassedTests} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

function slowTests(suites: SuiteResult[]): string[] {
  const slow = suites
    .flatMap((suite) => suite.testResults)
    .map((test) => ({ name: test.fullName, durationMs: test.duration ?? 0 }))
    .filter((test) => test.durationMs >= SLOW_TEST_MS)
    .sort((one, other) => other.durationMs - one.durationMs)
    .slice(0, SLOWEST_LISTED);
  if (slow.length === 0) return [];
  return ['Slowest tests:', ...slow.map((test) => `${seconds(test.durationMs)}  ${test.name}`), ''];
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1).padStart(7)} s`;
}
