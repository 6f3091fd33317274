import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { CommitProtocol, Effect, Event, LogRecord, Phase, Timer } from '#protocols/commit/messages.js';
import { describeState } from './describe-state.js';
import { ParticipantScript } from './participant-script.js';

/**
 * A scenario is a text file: comments (`# …`), and blocks of a command, a line `----`, and what the core answered:
 * its effects and its state. The commands:
 *
 *     new saga 3                        a transaction of three branches
 *     begin
 *     done 0 apply                      a branch's answer: done, or refused with a code
 *     refused 1 apply out-of-stock
 *     alone 1 aborted                   3PC: the branch has decided by itself
 *     timer retry                       the timer that was scheduled last; `timer retry 1` that of round 1
 *     recover begin abort:out-of-stock  after a restart, with these records in the log
 *     recover begin pre-commit diverged:1,2
 *
 * A scenario that starts with `new participant` is one of a 3PC participant: see participant-script.ts.
 */
export interface Block {
  /** Comments and empty lines before the command. */
  readonly before: readonly string[];
  readonly command: string;
  readonly output: string;
}

export interface Scenario {
  readonly blocks: readonly Block[];
  readonly after: readonly string[];
}

const separator = '----';

export function parseScenario(text: string): Scenario {
  const blocks: Block[] = [];
  let before: string[] = [];
  const lines = text.replace(/\n$/, '').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '' || line.startsWith('#')) {
      before.push(line);
      continue;
    }
    if (lines[at + 1] !== separator) throw new Error(`"${line}" is not followed by ${separator}`);
    const end = lines.indexOf('', at);
    const output = lines.slice(at + 2, end < 0 ? undefined : end).join('\n');
    blocks.push({ before, command: line, output });
    before = [];
    at = end < 0 ? lines.length : end - 1;
  }
  return { blocks, after: before };
}

export function formatScenario({ blocks, after }: Scenario): string {
  const lines = blocks.flatMap(({ before, command, output }) => [...before, command, separator, output]);
  return `${[...lines, ...after].join('\n')}\n`;
}

/** Runs the commands and returns the scenario with what came out. */
export function runScenario({ blocks, after }: Scenario): Scenario {
  const script = blocks[0]?.command === 'new participant' ? new ParticipantScript() : new Script();
  return { blocks: blocks.map((block) => ({ ...block, output: script.run(block.command) })), after };
}

class Script {
  private core: CommitProtocol<unknown> | undefined;
  private branchCount = 0;
  private state: unknown;
  private readonly rounds = new Map<Timer, number>();

  run(command: string): string {
    const [verb = '', ...words] = command.split(/ +/);
    if (verb === 'new') return this.start(words);
    // A restarted coordinator knows only what is in its log.
    if (verb === 'recover') this.state = this.core?.initial(this.branchCount);
    const event = this.parseEvent(verb, words);
    if (this.core === undefined) throw new Error('A scenario starts with new PROTOCOL BRANCHES');
    const { state, effects } = this.core.step(this.state, event);
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'schedule') this.rounds.set(effect.timer, effect.round);
    }
    const lines = effects.length === 0 ? ['nothing'] : effects.map(describeEffect);
    return [...lines, describeState(state)].join('\n');
  }

  private start([protocol = '', count]: string[]): string {
    if (!Object.hasOwn(commitProtocols, protocol)) throw new Error(`There is no protocol ${protocol}`);
    this.core = commitProtocols[protocol as CommitProtocolName];
    this.branchCount = Number(count);
    this.state = this.core.initial(this.branchCount);
    this.rounds.clear();
    return describeState(this.state);
  }

  private parseEvent(verb: string, words: readonly string[]): Event {
    const [first = '', second = '', third = ''] = words;
    switch (verb) {
      case 'begin':
        return { type: 'begin' };
      case 'done':
        return { type: 'done', branch: Number(first), phase: second as Phase };
      case 'refused':
        return { type: 'refused', branch: Number(first), phase: second as Phase, code: third };
      case 'alone':
        return { type: 'decided-alone', branch: Number(first), outcome: second as 'committed' | 'aborted' };
      case 'timer': {
        const timer = first as Timer;
        const round = second === '' ? this.rounds.get(timer) : Number(second);
        if (round === undefined) throw new Error(`No timer ${timer} was scheduled`);
        return { type: 'timer', timer, round };
      }
      case 'recover':
        return { type: 'recover', records: words.map(parseRecord) };
      default:
        throw new Error(`There is no command ${verb}`);
    }
  }
}

function parseRecord(word: string): LogRecord {
  const [kind = '', detail = ''] = word.split(':');
  if (kind === 'abort') return { kind, code: detail };
  if (kind === 'diverged') return { kind, branches: detail.split(',').map(Number) };
  return { kind: kind as 'begin' | 'pre-commit' | 'commit' | 'end' };
}

function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case 'persist': {
      const { record, forced } = effect;
      return `persist ${describeRecord(record)}${forced ? ', forced' : ''}`;
    }
    case 'send': {
      const why = effect.code === '' ? '' : ` because of ${effect.code}`;
      return `send ${effect.phase} to ${effect.branch}, attempt ${effect.attempt}${why}`;
    }
    case 'schedule':
      return `schedule ${effect.timer} ${effect.round} in ${effect.delayMs} ms`;
    case 'reply':
      return effect.outcome.outcome === 'aborted'
        ? `reply aborted ${effect.outcome.code}`
        : 'reply committed';
    case 'diverged':
      return `diverged in ${effect.branches.join(', ')}`;
    case 'forget':
      return 'forget';
  }
}

function describeRecord(record: LogRecord): string {
  switch (record.kind) {
    case 'abort':
      return `abort ${record.code}`;
    case 'diverged':
      return `diverged ${record.branches.join(', ')}`;
    default:
      return record.kind;
  }
}
