import { expect, test } from '@jest/globals';
import { renderMarkdownTable, renderTable } from './text-table.js';

test('names stand to the left and figures to the right, in columns as wide as they must be', () => {
  expect(
    renderTable(
      ['case', 'orders/s'],
      [
        ['saga', '1000000000'],
        ['two-phase', '7'],
      ],
    ),
  ).toBe(
    ['case         orders/s', '---------  ----------', 'saga       1000000000', 'two-phase           7'].join(
      '\n',
    ),
  );
});

test('a Markdown table aligns its figures', () => {
  expect(renderMarkdownTable(['case', 'ratio'], [['saga', '0.31']])).toBe(
    ['| case | ratio |', '|---|---:|', '| saga | 0.31 |'].join('\n'),
  );
});
