import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { parse } from 'yaml';
import { z } from 'zod';
import { waitUntil } from '../e2e/wait-until.js';
import { chartFolder, root } from '../chart/tools.js';

const deadlineMs = 120_000;
const callTimeoutMs = 10_000;

/** The panels of a shop in which nothing has gone wrong yet: what they count has not happened. */
const mayBeEmpty = ['Answers of 5xx', 'Refused, since too much was under way', 'Injected faults that acted'];

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ scrapeUrl: z.string(), health: z.string(), lastError: z.string() })),
  }),
});

const answerSchema = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.object({ result: z.array(z.unknown()) }).optional(),
});

const configurationFile = path.join(root, 'deploy/prometheus/prometheus.yml');

const configurationSchema = z.object({
  scrape_configs: z.array(z.object({ static_configs: z.array(z.object({ targets: z.array(z.string()) })) })),
});

const dashboardSchema = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
  ),
});

/** What a Prometheus that runs beside the shop knows of it. */
export class Observability {
  constructor(private readonly url: string) {}

  async seesEveryProcess(): Promise<void> {
    const count = configuredTargets();
    let seen: unknown;
    await waitUntil(
      'every process is asked for its metrics, and answers',
      deadlineMs,
      async () => {
        const body = await this.get('/api/v1/targets?state=active');
        const targets = targetsSchema.safeParse(body).data?.data.activeTargets ?? [];
        seen = targets.filter(({ health }) => health !== 'up');
        return targets.length === count && targets.every(({ health }) => health === 'up') ? true : undefined;
      },
      () => `At last: ${JSON.stringify(seen)}`,
    );
  }

  /** Every panel of the dashboards asks for something that Prometheus understands, and that there is. */
  async fillsEveryPanel(): Promise<void> {
    for (const { title, expr } of panels()) {
      let seen: unknown;
      await waitUntil(
        `the panel "${title}" has data`,
        deadlineMs,
        async () => {
          const answer = answerSchema.safeParse(
            await this.get(`/api/v1/query?query=${encodeURIComponent(expr)}`),
          ).data;
          seen = answer;
          assert.notEqual(answer?.status, 'error', `"${title}": ${answer?.error}`);
          if (answer?.status !== 'success') return undefined;
          return mayBeEmpty.includes(title) || (answer.data?.result.length ?? 0) > 0 ? true : undefined;
        },
        () => `At last: ${JSON.stringify(seen)}`,
      );
    }
  }

  private async get(pathAndQuery: string): Promise<unknown> {
    try {
      // Not fetch, which on Node 20 may wait without an end for a port whose container is not listening yet.
      const signal = AbortSignal.timeout(callTimeoutMs);
      const [answer] = (await once(
        get(`${this.url}${pathAndQuery}`, { agent: false, signal }),
        'response',
      )) as [IncomingMessage];
      return await json(answer);
    } catch {
      return undefined;
    }
  }
}

function configuredTargets(): number {
  const { scrape_configs: jobs } = configurationSchema.parse(parse(readFileSync(configurationFile, 'utf8')));
  return jobs.flatMap(({ static_configs: groups }) => groups.flatMap(({ targets }) => targets)).length;
}

function panels(): { title: string; expr: string }[] {
  const file = path.join(chartFolder, 'files/dashboards/shop.json');
  const dashboard = dashboardSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
}
