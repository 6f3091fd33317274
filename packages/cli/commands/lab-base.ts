import type { Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { frontDoorFollows } from '../drill/front-door-view.js';
import { withHealing } from '../drill/with-healing.js';
import { Failure } from '../failure.js';
import { describeBase, type BaseResult } from '../lab/base/base-report.js';
import { closedLoop, openLoop } from '../lab/base/loads.js';
import { Observer } from '../lab/base/observer.js';
import type { Summary } from '../lab/base/tally.js';
import { Visitors } from '../lab/base/visitors.js';
import { requireRun } from '../launcher/require-run.js';
import { MembersClient } from '../members/members-client.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { waitFor } from '../wait-for.js';
import { progress } from '../theatre/explain-order.js';
import { readSettings, replaceSettings } from './settings.js';

interface LabBaseOptions extends CommonOptions {
  readonly seconds: number;
  readonly factor: number;
  readonly deadline: number;
  readonly pages: number;
}

/** As many as keep the shop busy, and none of them waiting for long. */
const atOnce = 48;
const customers = 24;
/** So long a shop that has just started takes to become as fast as it will be. */
const warmUpSeconds = 20;
/** What this process can ask for without becoming the slowest part itself. */
const mostPerSecond = 6_000;
/** nginx takes 2 × 2,048 connections, half of them to the services. */
const mostConnections = 1_500;
const settleMs = 30_000;
/** What was taken on for nobody is still done: it must not be in the way of what is measured next. */
const restMs = 90_000;
/** Of a core. */
const restingLoad = 0.1;
const followMs = 2_000;
/** Of the requests of who looks on: some hundreds in all, which is next to nothing beside the load. */
const observedPerSecond = 100;
const mostSeconds = 60;
const highestFactor = 10;
const longestDeadlineMs = 10_000;
const mostPages = 100;

export function addLabBase(lab: Command): void {
  lab
    .command('base')
    .description('ask the shop for several times of what it can do: goodput without and with shedding')
    .option('--seconds <number>', 'how long each of the three loads takes', wholeNumber(1, mostSeconds), 8)
    .option('--factor <number>', 'how many times its capacity', wholeNumber(2, highestFactor), 4)
    .option('--deadline <ms>', 'how long anybody waits', wholeNumber(50, longestDeadlineMs), 1_000)
    .option(
      '--pages <number>',
      'how many look at a product for each that orders',
      wholeNumber(0, mostPages),
      4,
    )
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(labBase);
}

async function labBase(options: LabBaseOptions): Promise<void> {
  const result = await perform(options);
  if (options.json) printJson(result);
  else process.stdout.write(`\n${describeBase(result)}\n`);
  process.exitCode = result.brokenLaws.length === 0 ? 0 : 1;
}

function perform({
  state: path,
  seconds,
  factor,
  deadline: deadlineMs,
  pages: pagesPerOrder,
}: LabBaseOptions): Promise<BaseResult> {
  const { run } = requireRun(path);
  const control = ControlClient.ofRun(path);
  const members = new MembersClient(control);
  return withHealing(async (mendLater) => {
    const { settings: before } = await readSettings(control);
    mendLater(async () => void (await replaceSettings(control, before)));
    const shed = async (enabled: boolean): Promise<void> => {
      const { unreached } = await replaceSettings(control, { ...before, overload: { enabled } });
      if (unreached.length > 0) throw new Failure(`${unreached.join(', ')} cannot be told to shed or not.`);
      // nginx, which has nothing to do when it does so already.
      await frontDoorFollows(run.url, await members.list(), followMs);
    };
    const visitors = new Visitors(run.url, { customers, mostConnections, deadlineMs, pagesPerOrder });
    progress(`${customers} customers open an account`);
    await visitors.open();
    // Whoever is refused comes again at once, which here would be measured instead of the shop.
    await shed(false);
    await closedLoop(visitors, atOnce, warmUpSeconds);
    progress(`${atOnce} at once for ${seconds} s: what the shop can do`);
    const capacity = await closedLoop(visitors, atOnce, seconds);
    const perSecond = Math.min(mostPerSecond, factor * totalOf(capacity));
    if (perSecond === 0) throw new Failure('The shop answers nothing in time.');
    const rate = Math.round(perSecond).toLocaleString('en');
    const comeToRest = async (): Promise<void> => {
      progress('the shop comes to rest');
      await control.invariants(settleMs);
      if ((await waitFor(() => isAtRest(members), { timeoutMs: restMs })) === undefined)
        progress(`it has not in ${restMs / 1000} s: what comes now waits behind what was before`);
    };
    progress(`${rate} requests a second for ${seconds} s, without shedding`);
    const without = await openLoop(visitors, perSecond, seconds);
    await comeToRest();
    const look = { url: run.url, deadlineMs, pagesPerOrder, perSecond: observedPerSecond, seconds };
    const observer = new Observer(look);
    mendLater(() => Promise.resolve(observer.close()));
    await observer.ready();
    await shed(true);
    progress(`${rate} requests a second for ${seconds} s, with shedding`);
    const [shedding, observed] = await Promise.all([openLoop(visitors, perSecond, seconds), observer.look()]);
    await comeToRest();
    visitors.close();
    const { laws } = await control.invariants(settleMs);
    const brokenLaws = laws.filter(({ ok }) => !ok).map(({ name }) => name);
    return { factor, deadlineMs, atOnce, capacity, without, with: shedding, observed, brokenLaws };
  });
}

async function isAtRest(members: MembersClient): Promise<boolean> {
  const { members: all } = await members.list();
  return all.every(
    ({ service, inFlight, load }) => service === 'registry' || (inFlight === 0 && load < restingLoad),
  );
}

function totalOf({ order, page }: Summary): number {
  return order.goodputPerSecond + page.goodputPerSecond;
}
