import { execFile } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { cliPath, usePlatform } from '../e2e/platform.js';

const drillSchema = z.object({
  synchronous: z.string(),
  rounds: z.array(z.object({ from: z.string(), to: z.string(), epoch: z.int(), lost: z.int() })),
  summary: z.object({ rounds: z.int(), acknowledged: z.int(), lost: z.int() }),
  verdict: z.object({ ok: z.boolean() }),
  failure: z.string().optional(),
});

/** Above what the drill itself waits for, so that it can tell what did not happen. */
const DRILL_DEADLINE_MS = 400_000;

/**
 * A slice of `tristate drill failover`: the primary dies, and stands still, while orders come in. With a synchronous
 * replica no order that was acknowledged is lost, and every server follows the new primary in the end.
 */
describe('the primary is lost while orders come in', () => {
  const platform = usePlatform(10);

  it.each(['kill', 'pause'])(
    '%s',
    async (fault) => {
      const { exitCode, stdout, stderr } = await drill(platform().stateFolder, fault);
      expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0 });
      const result = drillSchema.parse(JSON.parse(stdout));
      expect(result).toMatchObject({
        synchronous: 'flush',
        summary: { rounds: 1, lost: 0 },
        verdict: { ok: true },
      });
      expect(result.rounds[0]?.to).not.toBe(result.rounds[0]?.from);
    },
    DRILL_DEADLINE_MS,
  );
});

function drill(state: string, fault: string): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const options = ['--fault', fault, '--rounds', '1', '--synchronous', 'flush', '--state', state, '--json'];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cliPath, 'drill', 'failover', ...options],
      { timeout: DRILL_DEADLINE_MS },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode, stdout, stderr });
      },
    );
  });
}
