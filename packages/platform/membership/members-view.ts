import { usableMembers } from '#protocols/failure-detector/usable-members.js';
import { isUnderPressure } from '../overload/pressure.js';
import { acceptView, type MemberView, type View } from './view.js';

/** What this process knows of all others. It stays as it is while the registry is away. */
export class MembershipView {
  private view: View | undefined;
  private readonly listeners = new Set<() => void>();
  /** Of this view, by service; asked for with each reader, and found out once. */
  private readonly pressed = new Map<string, boolean>();

  /** @param keepShare 0 to 1: the share of a service's members below which nobody is left out as dead */
  constructor(private readonly keepShare: number) {}

  /** Undefined before the registry has told anything: what was configured holds then. */
  current(): View | undefined {
    return this.view;
  }

  /** Those of a service's members that are to be sent requests; none before the first view. */
  members(service: string): readonly MemberView[] {
    const all = this.view?.members.filter((member) => member.service === service) ?? [];
    return usableMembers(all, this.keepShare);
  }

  isUnderPressure(service: string): boolean {
    const known = this.pressed.get(service);
    if (known !== undefined) return known;
    const pressed = isUnderPressure(this.members(service));
    this.pressed.set(service, pressed);
    return pressed;
  }

  /** @returns what ends the listening */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  take(told: View): void {
    const accepted = acceptView(this.view, told);
    if (accepted === this.view) return;
    this.view = accepted;
    this.pressed.clear();
    for (const listener of this.listeners) listener();
  }
}
