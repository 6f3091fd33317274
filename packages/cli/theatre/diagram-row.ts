export type Style = 'plain' | 'faint' | 'strong' | 'good' | 'bad';

const codes: Record<Style, string> = { plain: '', faint: '2', strong: '1', good: '32', bad: '31' };

/** A line of text that is written cell by cell; what is written later lies on top. */
export class DiagramRow {
  private readonly cells: { character: string; style: Style }[] = [];

  put(column: number, text: string, style: Style = 'plain'): this {
    while (this.cells.length < column) this.cells.push({ character: ' ', style: 'plain' });
    [...text].forEach((character, offset) => {
      this.cells[column + offset] = { character, style };
    });
    return this;
  }

  toString(colour: boolean): string {
    let text = '';
    let current: Style = 'plain';
    for (const { character, style } of this.cells) {
      if (colour && style !== current) {
        text += current === 'plain' ? '' : '\u001b[0m';
        text += style === 'plain' ? '' : `\u001b[${codes[style]}m`;
        current = style;
      }
      text += character;
    }
    if (current !== 'plain') text += '\u001b[0m';
    return text.trimEnd();
  }
}
