import { Option, type Command } from 'commander';

import { replaceSettings, readSettings } from './settings.js';
import { ControlClient } from '../control-client.js';
import { withHealing } from '../drill/with-healing.js';
import { attackNames, attacks, type AttackName } from '../lab/cache/attacks.js';
import { measureBase, performCacheAct, type CacheAct } from '../lab/cache/cache-act.js';
import { describeCacheActs } from '../lab/cache/cache-report.js';
import { Readers } from '../lab/cache/readers.js';
import { RedisOfRun } from '../lab/cache/redis-of-run.js';
import { requireRun } from '../launcher/require-run.js';
import { openShopper } from '../open-shopper.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { progress } from '../theatre/explain-order.js';

interface LabCacheOptions extends CommonOptions {
  readonly attack: AttackName;
  readonly protection: 'on' | 'off' | 'both';
  readonly seconds: number;
  readonly readers: number;
  readonly rate: number;
}

const mostSeconds = 120;
const mostReaders = 1_000;
const mostRate = 100_000;
const shopperTimeoutMs = 10_000;

export function addLabCache(lab: Command): void {
  lab
    .command('cache')
    .description('attack the cache, with its protections on and off, and count what reaches the database')
    .addOption(new Option('--attack <name>', 'what is done to it').choices(attackNames).makeOptionMandatory())
    .addOption(
      new Option('--protection <which>', 'with the protections on or off')
        .choices(['on', 'off', 'both'])
        .default('both'),
    )
    .option('--seconds <number>', 'how long each attack lasts, at least', wholeNumber(1, mostSeconds), 6)
    .option('--readers <number>', 'readers at once', wholeNumber(1, mostReaders), 64)
    .option('--rate <number>', 'reads per second, at most', wholeNumber(1, mostRate), 2_000)
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(labCache);
}

async function labCache(options: LabCacheOptions): Promise<void> {
  const acts = await perform(options);
  if (options.json) printJson({ attack: options.attack, what: attacks[options.attack].what, acts });
  else process.stdout.write(`\n${describeCacheActs(options.attack, acts)}\n`);
}

function perform({ state: path, attack, protection, ...options }: LabCacheOptions): Promise<CacheAct[]> {
  const { state, run } = requireRun(path);
  const control = ControlClient.ofRun(path);
  return withHealing(async (mendLater) => {
    const { settings: former } = await readSettings(control);
    mendLater(async () => void (await replaceSettings(control, former)));
    const shopper = await openShopper(path, 'alice', shopperTimeoutMs);
    const skus = await shopper.listSkus();
    const readers = new Readers(run.url, options.readers);
    const redis = new RedisOfRun(state);
    mendLater(() => {
      readers.close();
      redis.close();
    });
    const stage = {
      state,
      readers,
      redis,
      skus,
      seconds: Math.max(options.seconds, attacks[attack].leastSeconds),
      perSecond: options.rate,
      mendLater,
      switchSettings: (change: Parameters<typeof replaceSettings>[1]) => replaceSettings(control, change),
      report: progress,
    };
    progress('what visitors in peace ask of the database');
    const base = await measureBase(stage);
    const acts: CacheAct[] = [];
    for (const one of ['off', 'on'] as const) {
      if (protection !== 'both' && protection !== one) continue;
      acts.push(await performCacheAct(stage, attack, one, base));
    }
    return acts;
  });
}
