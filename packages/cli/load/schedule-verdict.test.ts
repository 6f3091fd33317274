import { expect, test } from '@jest/globals';
import { Histogram } from '#protocols/histogram.js';
import type { LoadPlan } from './load-plan.js';
import { judgeSchedule, type ScheduleVerdict } from './schedule-verdict.js';

const plan = { loop: { kind: 'open', connections: 64 } } as LoadPlan;

function delays(...valuesMs: number[]): Histogram {
  const histogram = new Histogram();
  for (const value of valuesMs) histogram.record(value * 1000);
  return histogram;
}

const textOf = (verdict: ScheduleVerdict): string => (verdict.kind === 'no-schedule' ? '' : verdict.text);
const onTime = Array.from({ length: 100 }, () => 0.5);

test('a rate that was sent in time is a schedule that was kept', () => {
  const verdict = judgeSchedule(
    plan,
    { asked: 1000, sent: 995 },
    { sendDelay: delays(...onTime), takeUpDelay: delays(...onTime) },
  );
  expect(verdict.kind).toBe('kept');
  expect(textOf(verdict)).toContain('995 of 1,000');
});

test('too few requests, or too many late ones, are a schedule that was missed', () => {
  const good = { sendDelay: delays(...onTime), takeUpDelay: delays(...onTime) };
  expect(judgeSchedule(plan, { asked: 1000, sent: 980 }, good).kind).toBe('missed');
  const late = { ...good, sendDelay: delays(...onTime, 50, 50) };
  expect(judgeSchedule(plan, { asked: 1000, sent: 1000 }, late).kind).toBe('missed');
});

test('who was late is named: the load tester itself, or the connections', () => {
  const [rates, sendDelay] = [{ asked: 1000, sent: 900 }, delays(20, 30, 40)];
  const own = judgeSchedule(plan, rates, { sendDelay, takeUpDelay: delays(20, 30, 40) });
  expect(textOf(own)).toContain('no CPU left');
  const busy = judgeSchedule(plan, rates, { sendDelay, takeUpDelay: delays(0.1, 0.1, 0.1) });
  expect(textOf(busy)).toContain('All 64 connections');
});

test('a closed loop has no schedule', () => {
  const none = { sendDelay: delays(), takeUpDelay: delays() };
  expect(judgeSchedule(plan, { asked: undefined, sent: 5 }, none).kind).toBe('no-schedule');
});
