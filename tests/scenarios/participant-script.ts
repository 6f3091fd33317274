import {
  decide,
  silenceMs,
  type ParticipantAnswer,
  type ParticipantEvent,
  type ParticipantState,
} from '#protocols/three-phase-commit/participant.js';
import { describeState } from './describe-state.js';

/**
 * A scenario of one participant of 3PC, `new participant`. The commands are what it hears:
 *
 *     can-commit                  the work can be done
 *     can-commit out-of-stock     the work is refused
 *     pre-commit
 *     do-commit
 *     abort participant-unavailable
 *     silence                     for as long as it waits in its state
 */
export class ParticipantScript {
  private state: ParticipantState = { at: 'unknown' };

  run(command: string): string {
    const [verb = '', detail] = command.split(/ +/);
    if (verb === 'new') {
      this.state = { at: 'unknown' };
      return describeState(this.state);
    }
    const { state, answer } = decide(this.state, parse(verb, detail));
    this.state = state;
    const waitMs = silenceMs(state);
    const waits = waitMs === undefined ? [] : [`waits for ${waitMs} ms`];
    return [describeAnswer(answer), ...waits, describeState(state)].join('\n');
  }
}

function parse(verb: string, detail: string | undefined): ParticipantEvent {
  switch (verb) {
    case 'can-commit':
      return { type: verb, refusal: detail };
    case 'abort':
      return { type: verb, code: detail ?? '' };
    case 'pre-commit':
    case 'do-commit':
    case 'silence':
      return { type: verb };
    default:
      throw new Error(`A participant does not hear ${verb}`);
  }
}

function describeAnswer(answer: ParticipantAnswer): string {
  switch (answer.result) {
    case 'refused':
      return `refused ${answer.code}`;
    case 'decided-alone':
      return `decided alone: ${answer.outcome}`;
    default:
      return answer.result;
  }
}
