import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { tristate, type TestPlatform } from './platform.js';
import { waitUntil } from './wait-until.js';

const reportSchema = z.object({
  level: z.string(),
  reads: z.int(),
  writes: z.int(),
  violations: z.int(),
  stale: z.int(),
  lag: z.object({ member: z.string(), lagMs: z.int() }),
});

const lagMs = 2_000;
const seconds = 4;
/** A busy machine may write too little in one run for anybody to be late. */
const shownDeadlineMs = 120_000;

/** The consistency levels on the running shop, by the command that judges them, with a replica that is really late. */
export function describeConsistency(platform: () => TestPlatform): void {
  describe('consistency, with a replica behind', () => {
    it.each([
      ['strong', []],
      ['read-your-writes', ['--strategy', 'primary']],
      ['read-your-writes', ['--strategy', 'window']],
      ['read-your-writes', ['--strategy', 'token']],
      ['monotonic', []],
      ['causal', []],
    ])('%s %j keeps what it promises', async (level, asked) => {
      const { exitCode, report } = await judge(platform(), ['--level', level, ...asked]);
      // Findings may be there: what another level would rule out.
      expect(report).toMatchObject({ level, violations: 0, lag: { lagMs } });
      expect(report.reads).toBeGreaterThan(0);
      expect(exitCode).toBe(0);
    });

    it('eventual shows what the others rule out, and breaks nothing', async () => {
      await waitUntil('a stale read', shownDeadlineMs, async () => {
        const { exitCode, report } = await judge(platform(), ['--level', 'eventual']);
        expect(exitCode).toBe(0);
        return report.stale > 0 ? report : undefined;
      });
    });
  });
}

async function judge(
  platform: TestPlatform,
  args: readonly string[],
): Promise<{ exitCode: number; report: z.infer<typeof reportSchema> }> {
  const common = [
    '--duration',
    `${seconds}`,
    '--lag-ms',
    `${lagMs}`,
    '--state',
    platform.stateFolder,
    '--json',
  ];
  const { exitCode, stdout, stderr } = await tristate(['consistency', ...args, ...common]);
  const report = reportSchema.safeParse(JSON.parse(stdout));
  if (!report.success) throw new Error(`tristate consistency ended with ${exitCode}\n${stdout}\n${stderr}`);
  return { exitCode, report: report.data };
}
