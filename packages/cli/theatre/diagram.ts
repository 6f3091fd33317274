import type { ProtocolEvent } from '#platform/trace/protocol-event.js';
import { causalOrder, type Message, type Step } from './causal-order.js';
import { describeEvent, legend, type Description } from './describe-event.js';
import { DiagramRow } from './diagram-row.js';
import { laneOf, lanesOf } from './lanes.js';
import { wrap } from '../wrap.js';

export interface DiagramOptions {
  readonly width?: number;
  readonly colour?: boolean;
}

const defaultWidth = 120;
const firstLane = 10;
/** Room for the words of the last lane. */
const tail = 24;
const narrowestPitch = 8;
const widestPitch = 22;
/** A longer time in which nothing happened gets a line of its own. */
const gapUs = 300_000;

/**
 * Draws the events of one transaction as a space-time diagram in plain text: a lane for each process, time in ms since
 * the first event at the left, causes above effects.
 */
export function drawDiagram(events: readonly ProtocolEvent[], options: DiagramOptions = {}): string {
  if (events.length === 0) return '(nothing was recorded)\n';
  return new Diagram(events, options.width ?? defaultWidth, options.colour ?? false).draw();
}

/** How a lane is drawn between events. */
type LaneState = 'runs' | 'silent' | 'gone';
const bars: Record<LaneState, string> = { runs: '│', silent: '┊', gone: ' ' };

class Diagram {
  private readonly lanes: readonly string[];
  private readonly pitch: number;
  private readonly states: LaneState[];
  private readonly rows: DiagramRow[] = [];
  private startUs = 0;
  private lastUs = 0;

  constructor(
    private readonly events: readonly ProtocolEvent[],
    private readonly width: number,
    private readonly colour: boolean,
  ) {
    this.lanes = lanesOf(events);
    this.states = this.lanes.map(() => 'runs');
    const room = Math.floor((width - firstLane - tail) / Math.max(1, this.lanes.length - 1));
    this.pitch = Math.max(narrowestPitch, Math.min(widestPitch, room));
  }

  draw(): string {
    const runs = foldRepeats(causalOrder(this.events));
    this.startUs = runs[0]?.step.atUs ?? 0;
    let latestUs = this.startUs;
    this.header();
    for (const { step, times, untilUs } of runs) {
      if (step.atUs - latestUs >= gapUs) this.gap(step.atUs - latestUs);
      this.lastUs = step.atUs;
      this.step(step, times > 1 ? `, ${times} times until ${this.offsetMs(untilUs)}` : '');
      latestUs = Math.max(latestUs, untilUs);
    }
    const lines = this.rows.map((row) => row.toString(this.colour));
    return `${[...lines, '', legend].join('\n')}\n`;
  }

  /** Names that are longer than their lane is wide stand on two levels. */
  private header(): void {
    const tooLong = this.lanes.some(
      (name, lane) => name.length >= this.pitch && lane < this.lanes.length - 1,
    );
    const top = new DiagramRow().put(firstLane - 4, 'ms', 'faint');
    const second = new DiagramRow();
    this.lanes.forEach((_, lane) => tooLong && second.put(this.column(lane), bars.runs, 'faint'));
    this.lanes.forEach((name, lane) => {
      (tooLong && lane % 2 === 1 ? second : top).put(this.column(lane), name, 'strong');
    });
    this.rows.push(...(tooLong ? [top, second] : [top]));
  }

  private gap(us: number): void {
    const row = new DiagramRow().put(firstLane - 3, '⋮', 'faint');
    this.states.forEach((state, lane) => row.put(this.column(lane), state === 'gone' ? ' ' : '┊', 'faint'));
    row.put(this.column(this.lanes.length - 1) + 3, `${(us / 1e6).toFixed(1)} s`, 'faint');
    this.rows.push(row);
  }

  private step(step: Step, repeats: string): void {
    if (step.kind === 'local') return this.local(step.event, repeats);
    const { message } = step;
    const from = laneOf(message.from, this.lanes);
    const to = laneOf(message.to, this.lanes);
    if (to === undefined) return;
    if (from === undefined)
      return this.words(to, { symbol: '◦', text: `${message.text}, of whom nobody knows`, style: 'plain' });
    if (step.kind !== 'received') this.states[from] = 'runs';
    if (step.kind === 'received' || step.kind === 'delivered') this.states[to] = 'runs';
    if (from === to) return this.words(from, { symbol: '↻', text: message.text, style: 'plain' });
    const text = `${message.text}${repeats}`;
    this.arrow(step.kind, { ...message, text }, from, to, step.kind === 'received' && step.again);
  }

  private local({ process, what }: ProtocolEvent, repeats: string): void {
    const lane = laneOf(process, this.lanes);
    if (lane === undefined) return;
    // The process said that it would crash, and the registry saw that it did.
    if (what.kind === 'crashed' && this.states[lane] === 'gone') return;
    this.states[lane] = 'runs';
    const { symbol, text, style } = describeEvent(what);
    this.words(lane, { symbol, text: `${text}${repeats}`, style });
    if (what.kind === 'crashed' || (what.kind === 'fault' && what.action === 'crash'))
      this.states[lane] = 'gone';
    if (what.kind === 'fault' && what.action === 'pause') this.states[lane] = 'silent';
  }

  /** Beside the lane, on the side that has room; on several lines where neither has. */
  private words(lane: number, { symbol, text, style }: Description): void {
    const column = this.column(lane);
    const [right, left] = [this.width - column - 2, column - firstLane - 1];
    const onRight = text.length <= right || right >= left;
    const lines = wrap(text, onRight ? right : left);
    lines.forEach((line, index) => {
      const row = this.newRow(index === 0).put(column, index === 0 ? symbol : bars.runs, style);
      row.put(onRight ? column + 2 : column - 1 - line.length, line, style);
      this.rows.push(row);
    });
  }

  private arrow(
    kind: Exclude<Step['kind'], 'local'>,
    message: Message,
    from: number,
    to: number,
    again: boolean,
  ): void {
    const row = this.newRow(true);
    const style = kind === 'lost' ? 'bad' : 'plain';
    const rightward = from < to;
    const [start, end] = rightward
      ? [this.column(from), this.column(to)]
      : [this.column(to), this.column(from)];
    const line = kind === 'received' ? '┄' : '─';
    for (let column = start + 1; column < end; column++) row.put(column, line, style);
    for (let lane = Math.min(from, to) + 1; lane < Math.max(from, to); lane++) {
      if (this.states[lane] !== 'gone') row.put(this.column(lane), kind === 'received' ? '┆' : '┼', style);
    }
    if (kind !== 'received') row.put(this.column(from), rightward ? '├' : '┤', style);
    const head = kind === 'lost' ? '✗' : kind === 'sent' ? '┄' : rightward ? '▶' : '◀';
    const headAt = rightward ? end - 1 : start + 1;
    row.put(headAt, head, style);
    if (kind === 'sent') row.put(rightward ? end - 3 : start + 1, '┄┄┄', style);
    this.label(
      row,
      labelsOf(kind, message, again, this.offsetMs(message.sentAtUs)),
      { start, end, rightward },
      style,
    );
    this.rows.push(row);
  }

  /** On the arrow, near its sender; beside it where that is too short. */
  private label(
    row: DiagramRow,
    texts: readonly string[],
    { start, end, rightward }: { start: number; end: number; rightward: boolean },
    style: Description['style'],
  ): void {
    const onArrow = texts.find((text) => text.length + 4 <= end - start);
    if (onArrow !== undefined) {
      const indent = onArrow.length + 6 <= end - start ? 2 : 1;
      row.put(rightward ? start + indent : end - indent - 1 - onArrow.length, ` ${onArrow} `, style);
      return;
    }
    const text = texts[0] ?? '';
    const room = this.width - end - 2;
    if (text.length <= room || room >= start - firstLane) row.put(end + 2, shortened(text, room), style);
    else row.put(Math.max(firstLane, start - 1 - text.length), shortened(text, start - firstLane - 1), style);
  }

  private newRow(timed: boolean): DiagramRow {
    const row = new DiagramRow();
    if (timed) row.put(0, this.offsetMs(this.lastUs).padStart(firstLane - 2), 'faint');
    this.states.forEach((state, lane) => row.put(this.column(lane), bars[state], 'faint'));
    return row;
  }

  private offsetMs(atUs: number): string {
    return ((atUs - this.startUs) / 1000).toFixed(1);
  }

  private column(lane: number): number {
    return firstLane + lane * this.pitch;
  }
}

interface Run {
  readonly step: Step;
  readonly times: number;
  readonly untilUs: number;
}

/** A fault that acts again and again, or a branch that asks again and again, is one line while nothing else happens. */
function foldRepeats(steps: readonly Step[]): Run[] {
  const runs: Run[] = [];
  const repeated = new Map<string, number>();
  for (const step of steps) {
    const key = repetitionOf(step);
    const place = key === undefined ? undefined : repeated.get(key);
    const first = place === undefined ? undefined : runs[place];
    if (place !== undefined && first !== undefined) {
      runs[place] = { ...first, times: first.times + 1, untilUs: step.atUs };
      continue;
    }
    if (key === undefined) repeated.clear();
    else repeated.set(key, runs.length);
    runs.push({ step, times: 1, untilUs: step.atUs });
  }
  return runs;
}

/** Steps of which the second says no more than the first have the same key. */
function repetitionOf(step: Step): string | undefined {
  if (step.kind === 'delivered' && step.message.text.endsWith('in doubt'))
    return `${step.message.from} ${step.message.text}`;
  if (step.kind !== 'local' || step.event.what.kind !== 'fault') return undefined;
  const { point, action } = step.event.what;
  return `${step.event.process} ${point} ${action}`;
}

/** What stands on an arrow, the longest first. */
function labelsOf(
  kind: Exclude<Step['kind'], 'local'>,
  { text }: Message,
  again: boolean,
  sentAt: string,
): string[] {
  // `prepare: done` is plain enough as `done` where there is little room.
  const short = text.replace(/^[\w-]+: /, '');
  if (kind !== 'received') return [text, short];
  const suffix = again ? ', again' : `, sent at ${sentAt}`;
  return [`${text}${suffix}`, `${short}${suffix}`, text, short];
}

function shortened(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
}
