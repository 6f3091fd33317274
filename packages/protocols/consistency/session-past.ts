/** A version of a key. Versions count the writes of their key: 0 is how it was made, n what the nth write left. */
export interface Version {
  readonly key: string;
  readonly version: number;
}

interface Known {
  written: number;
  read: number;
  /** Through others: a token, or what a read or written version depended on. */
  heard: number;
}

const nothing: Readonly<Known> = { written: -1, read: -1, heard: -1 };

/** What happened before the next operation of a session, by key. A session deals with few keys. */
export class SessionPast {
  private readonly byKey = new Map<string, Known>();
  /** Its last operation's end. */
  endedAt = -Infinity;

  of(key: string): Readonly<Known> {
    return this.byKey.get(key) ?? nothing;
  }

  wrote({ key, version }: Version): void {
    const known = this.entry(key);
    known.written = Math.max(known.written, version);
  }

  /** Returns whether the session had not read as new a version before. */
  hasRead({ key, version }: Version): boolean {
    const known = this.entry(key);
    if (version <= known.read) return false;
    known.read = version;
    return true;
  }

  heardOf(versions: readonly Version[]): void {
    for (const { key, version } of versions) {
      const known = this.entry(key);
      known.heard = Math.max(known.heard, version);
    }
  }

  /** The newest version of each key that happened before what comes next. */
  versions(): Version[] {
    return [...this.byKey].map(([key, known]) => ({ key, version: newest(known) }));
  }

  private entry(key: string): Known {
    let known = this.byKey.get(key);
    if (known === undefined) this.byKey.set(key, (known = { ...nothing }));
    return known;
  }
}

export function newest({ written, read, heard }: Readonly<Known>): number {
  return Math.max(written, read, heard);
}
