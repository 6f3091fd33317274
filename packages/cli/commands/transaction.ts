import type { Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';
import { drawDiagram } from '../theatre/diagram.js';
import { describeHolds, describeMissing } from '../theatre/describe-verdict.js';
import { hasColour } from '../theatre/explain-order.js';
import { holdsOf } from '../theatre/measure.js';

export function addTransaction(program: Command): void {
  const transaction = program
    .command('transaction')
    .description('draw what happened to a recent order')
    .argument('<gid>', "the transaction's id, which is the order's")
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(show);
  transaction
    .command('repair')
    .description('bring a transaction that has ended differently in its branches to one end')
    .argument('<gid>', "the transaction's id, which is the order's")
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(repair);
}

async function show(gid: string, { state, json }: CommonOptions): Promise<void> {
  const transaction = await ControlClient.ofRun(state).transaction(gid);
  if (json) return printJson(transaction);
  const { protocol = 'unknown protocol', outcome = 'open', events, log, missing } = transaction;
  const lines = [
    `${protocol}  ${gid}  ${outcome}`,
    '',
    drawDiagram(events, { colour: hasColour() }),
    describeHolds(holdsOf(events)),
    ...describeMissing(missing),
    `in the log: ${log.map(({ kind }) => kind).join(', ') || 'nothing'}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function repair(gid: string, _: unknown, command: Command): Promise<void> {
  // Both commands have these options, and the outer one takes what stands on the line.
  const { state, json } = command.optsWithGlobals<CommonOptions>();
  const { result, detail } = await ControlClient.ofRun(state).repair(gid);
  if (json) printJson({ gid, result, detail });
  else process.stdout.write(`${result}${detail === undefined || detail === '' ? '' : `: ${detail}`}\n`);
}
