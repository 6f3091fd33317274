import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';

import { Failure } from '../failure.js';
import { describeAnswer, FrontDoorClient } from '../front-door-client.js';
import { requireRun } from '../launcher/require-run.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

const reportSchema = z.object({
  ok: z.boolean(),
  laws: z.array(z.object({ name: z.string(), ok: z.boolean(), expected: z.unknown(), actual: z.unknown() })),
});

/** How long the shop waits for transactions under way before it counts. */
const settleMs = 15_000;
const answerTimeoutMs = settleMs + 30_000;

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check the invariants on the running shop; exit 1 and a list when one is broken')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(verify);
}

async function verify({ state: path, json }: CommonOptions): Promise<void> {
  const { state, run } = requireRun(path);
  const answer = await new FrontDoorClient(run.url).call({
    method: 'GET',
    path: `/control/invariants?waitMs=${settleMs}`,
    token: readFileSync(state.adminTokenPath, 'utf8').trim(),
    timeoutMs: answerTimeoutMs,
  });
  if (answer.kind !== 'answer' || answer.status !== 200) {
    throw new Failure(`The invariants could not be checked: ${describeAnswer(answer)}`);
  }
  const report = reportSchema.parse(answer.body);
  if (json) printJson(report);
  else process.stdout.write(text(report));
  process.exitCode = report.ok ? 0 : 1;
}

function text({ ok, laws }: z.infer<typeof reportSchema>): string {
  const lines = laws.map(({ name, ok: holds, expected, actual }) =>
    holds ? `✓ ${name}  ${shown(actual)}` : `✗ ${name}  expected ${shown(expected)}, found ${shown(actual)}`,
  );
  const broken = laws.filter(({ ok: holds }) => !holds).length;
  const verdict = ok ? 'Every law holds.' : `${broken} of ${laws.length} laws are broken.`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
