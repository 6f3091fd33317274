import { escapeHtml } from './escape-html.js';

const style = `
:root { color-scheme: light dark; --line: #d4d4d8; --dim: #71717a; }
@media (prefers-color-scheme: dark) { :root { --line: #3f3f46; --dim: #a1a1aa; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
.grid { stroke: var(--line); stroke-width: 1; }
.legend { margin: 0; } .legend span { margin-right: 1.2rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
.warning { border-left: 4px solid #dc2626; padding-left: .8rem; }
.best { font-weight: 700; } .dim { color: var(--dim); }
.wide { overflow-x: auto; }
`;

/** A page that needs nothing but itself: no script, no font, nothing from the network. */
export function renderPage(title: string, parts: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${style}</style></head><body>`,
    `<h1>${escapeHtml(title)}</h1>`,
    ...parts,
    '</body></html>',
    '',
  ].join('\n');
}

export function renderParagraph(text: string, kind: 'plain' | 'warning' | 'dim' = 'plain'): string {
  return kind === 'plain' ? `<p>${escapeHtml(text)}</p>` : `<p class="${kind}">${escapeHtml(text)}</p>`;
}

/** @param isBest marks cells */
export function renderHtmlTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  isBest: (row: number, column: number) => boolean = () => false,
): string {
  const lines = rows.map((row, at) => {
    const cells = row.map(
      (cell, column) => `<td${isBest(at, column) ? ' class="best"' : ''}>${escapeHtml(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const head = header.map((cell) => `<th>${escapeHtml(cell)}</th>`).join('');
  return [
    '<div class="wide"><table>',
    `<thead><tr>${head}</tr></thead>`,
    '<tbody>',
    ...lines,
    '</tbody></table></div>',
  ].join('\n');
}
