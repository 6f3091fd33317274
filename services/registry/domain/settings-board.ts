import type { Shedding } from '#platform/membership/view.js';
import type { SettingsChange } from '#platform/settings/settings.js';
import type { AuditLog } from './audit-log.js';

/** What an operator has switched. It is in memory only: when the registry ends, every process is as it was configured. */
export class SettingsBoard {
  private change: SettingsChange = {};
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly audit: AuditLog) {}

  /** Whoever is to be told of changes. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  get current(): SettingsChange {
    return this.change;
  }

  get shedding(): Shedding {
    const { enabled } = this.change.overload ?? {};
    return enabled === undefined ? '' : enabled ? 'on' : 'off';
  }

  /** For the control stream; empty while nothing is changed. */
  get json(): string {
    return Object.keys(this.change).length === 0 ? '' : JSON.stringify(this.change);
  }

  /** In place of all that was switched before. */
  replace(change: SettingsChange): void {
    this.audit.add('admin', 'settings-changed', { before: this.change, after: change });
    this.change = change;
    for (const listener of this.listeners) listener();
  }
}
