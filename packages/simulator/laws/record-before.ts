import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { LogRecord, Phase } from '#protocols/commit/messages.js';

/** The record that must be on disk before a message is sent, since the message acts upon it. */
export function recordBefore(
  protocol: Exclude<CommitProtocolName, 'none'>,
  phase: Phase,
): LogRecord['kind'] | undefined {
  switch (phase) {
    case 'apply':
    case 'can-commit':
      return 'begin';
    case 'cancel':
      // Presumed abort: a try that was refused is refused again, with or without a record.
      return protocol === 'saga' ? 'abort' : undefined;
    case 'confirm':
    case 'commit':
      return 'commit';
    case 'pre-commit':
    case 'do-commit':
      return 'pre-commit';
    case 'try':
    case 'prepare':
    case 'abort':
      return undefined;
  }
}
