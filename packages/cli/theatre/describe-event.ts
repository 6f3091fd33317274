import { assertNever } from '#protocols/assert.js';
import type { What } from '#platform/trace/protocol-event.js';
import type { Style } from './diagram-row.js';

export interface Description {
  readonly symbol: string;
  readonly text: string;
  readonly style: Style;
}

export const legend =
  '▪ log record (! forced)   ● branch   ↯ fault   ☠ crash   ✗ no receipt recorded   ┄ under way   ▲ takeover   ■ end';

/** How an event that is no message is drawn in its process's lane. */
export function describeEvent(what: What): Description {
  switch (what.kind) {
    case 'sent':
    case 'received':
      return { symbol: '↻', text: what.message, style: 'plain' };
    case 'logged':
      return {
        symbol: '▪',
        text: `log ${what.record}${what.forced ? '!' : ''}`,
        style: what.forced ? 'strong' : 'plain',
      };
    case 'did':
      return { symbol: '●', text: what.state, style: 'good' };
    case 'turned-away':
      return { symbol: '⊘', text: `turns away ${what.message} of ${what.from}: ${what.code}`, style: 'bad' };
    case 'fault':
      return what.action === 'crash'
        ? { symbol: '☠', text: `crash at ${what.point}`, style: 'bad' }
        : { symbol: '↯', text: `${what.action} at ${what.point}`, style: 'bad' };
    case 'took-over': {
      const found = what.records.length === 0 ? 'nothing' : what.records.join(', ');
      return { symbol: '▲', text: `takes over, term ${what.term}; the log has ${found}`, style: 'strong' };
    }
    case 'decided-alone':
      return {
        symbol: '◆',
        text: `${what.decision === 'committed' ? 'commits' : 'aborts'} by itself`,
        style: 'strong',
      };
    case 'diverged':
      return {
        symbol: '≠',
        text: `diverged in branch ${what.branches.join(', ')}: ${what.detail}`,
        style: 'bad',
      };
    case 'ended':
      return { symbol: '■', text: `end: ${what.outcome}`, style: 'strong' };
    case 'crashed':
      return { symbol: '☠', text: 'is gone', style: 'bad' };
    case 'restarted':
      return { symbol: '○', text: 'is back', style: 'good' };
    default:
      return assertNever(what);
  }
}
