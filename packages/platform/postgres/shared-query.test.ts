import { expect, test } from '@jest/globals';
import { SharedQuery } from './shared-query.js';

/** Answers are given by hand; each is the number of its query. */
function newSharedQueryForTest() {
  const answers: ((failure?: Error) => void)[] = [];
  const shared = new SharedQuery<number>(
    () =>
      new Promise((resolve, reject) => {
        const number = answers.length + 1;
        answers.push((failure) => {
          if (failure === undefined) resolve(number);
          else reject(failure);
        });
      }),
  );
  return { shared, answers };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('those who ask together share one query', async () => {
  const { shared, answers } = newSharedQueryForTest();
  const asked = Promise.all([shared.ask(), shared.ask()]);
  await settled();
  answers[0]?.();
  expect([await asked, answers.length]).toEqual([[1, 1], 1]);
});

test('one who asks while a query is under way joins the next, which all share who came meanwhile', async () => {
  const { shared, answers } = newSharedQueryForTest();
  const first = shared.ask();
  await settled();
  const later = Promise.all([shared.ask(), shared.ask()]);
  await settled();
  expect(answers).toHaveLength(1);
  answers[0]?.();
  expect(await first).toBe(1);
  await settled();
  answers[1]?.();
  expect([await later, answers.length]).toEqual([[2, 2], 2]);
});

test('a query that failed fails for those who shared it, and the next is sent', async () => {
  const { shared, answers } = newSharedQueryForTest();
  const first = shared.ask();
  await settled();
  const second = shared.ask();
  answers[0]?.(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  await settled();
  answers[1]?.();
  expect(await second).toBe(2);
});
