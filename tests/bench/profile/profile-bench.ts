import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Progress } from '#bootstrap/progress.mjs';
import { Failure } from '#cli/failure.js';
import { waitFor } from '#cli/wait-for.js';
import type { OrderCase } from '../limit/order-script.js';
import { OrderMeasure } from '../order/order-measure.js';
import { partOf, type CpuSeconds } from '../platform/cpu-time.js';
import { withPlatform } from '../platform/with-platform.js';
import { describeMachine, type Machine } from '../report/machine.js';
import { cpuProfileSchema, type CpuProfile } from './cpu-profile.js';
import { profileEnding, startFile, stopFile } from './profile-files.js';
import { SourceFiles } from './source-files.js';
import { summarizeProfiles, type ProfileSummary } from './summarize-profile.js';

export interface ProfileResult {
  readonly machine: Machine;
  readonly case: OrderCase;
  readonly clients: number;
  readonly seconds: number;
  readonly orders: number;
  readonly ordersPerSecond: number;
  /** Of every process in the profiled time, as the kernel counts it. */
  readonly cpuSeconds: CpuSeconds;
  /** By service, its copies together. */
  readonly services: Readonly<Record<string, ProfileSummary>>;
}

export interface ProfileOptions {
  readonly name: OrderCase;
  readonly stage: number;
  readonly clients: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const writeTimeoutMs = 30_000;
const agentUrl = pathToFileURL(join(import.meta.dirname, 'agent.js'));

/** Profiles the services while orders are placed. Profiling itself costs time: its rate is not the benchmark's. */
export async function profileOrders(
  { name, stage, clients, warmUpSeconds, seconds }: ProfileOptions,
  pgbench: string,
  progress: Progress,
): Promise<ProfileResult> {
  const machine = describeMachine({});
  const folder = mkdtempSync(join(tmpdir(), 'tristate-profile-'));
  let result: ProfileResult | undefined;
  try {
    const agent = `${agentUrl.href}?folder=${encodeURIComponent(folder)}`;
    await withPlatform({ stage, progress, nodeOptions: `--import=${agent}` }, async (platform) => {
      const measure = await OrderMeasure.prepare(platform, pgbench);
      try {
        await progress.step('warm-up', () => measure.placeOrders(name, clients, warmUpSeconds));
        writeFileSync(join(folder, startFile), '');
        const measured = await progress.step('profile', () => measure.placeOrders(name, clients, seconds));
        writeFileSync(join(folder, stopFile), '');
        const names = platform.processes
          .filter(({ kind }) => kind === 'service')
          .map((process) => process.name);
        const profiles = await readProfiles(folder, names);
        const { placed, measuredMs, statuses, cpuSeconds } = measured;
        const orders = Object.values(statuses).reduce((sum, count) => sum + count, 0);
        const ordersPerSecond = (placed / measuredMs) * 1000;
        const services = summarizeServices(profiles);
        result = { machine, case: name, clients, seconds, orders, ordersPerSecond, cpuSeconds, services };
      } finally {
        measure.close();
      }
    });
  } finally {
    progress.line(`The profiles themselves, for a browser's developer tools, are in ${folder}`);
  }
  if (result === undefined) throw new Error('the profile was not taken');
  return result;
}

async function readProfiles(folder: string, names: readonly string[]): Promise<Map<string, CpuProfile>> {
  const pathOf = (name: string): string => join(folder, `${name}${profileEnding}`);
  const missing = (): string[] => names.filter((name) => !existsSync(pathOf(name)));
  if (!(await waitFor(() => missing().length === 0, { timeoutMs: writeTimeoutMs }))) {
    throw new Failure(`No profile came from ${missing().join(', ')}.`);
  }
  return new Map(
    names.map((name) => [name, cpuProfileSchema.parse(JSON.parse(readFileSync(pathOf(name), 'utf8')))]),
  );
}

function summarizeServices(profiles: ReadonlyMap<string, CpuProfile>): Record<string, ProfileSummary> {
  const sources = new SourceFiles();
  const services = [...new Set([...profiles.keys()].map(partOf))];
  return Object.fromEntries(
    services.map((service) => {
      const copies = [...profiles].filter(([name]) => partOf(name) === service).map(([, profile]) => profile);
      return [service, summarizeProfiles(copies, (frame) => sources.fileOf(frame))];
    }),
  );
}
