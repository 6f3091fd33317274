import { Socket } from 'node:net';
import pg from 'pg';
import type { DatabaseConfig, DatabaseMember } from '#platform/config/process-config.js';

/**
 * How long a connection may take. Longer than an answer: a server that is too busy to let anybody in would be kept so by those who
 * give up and come again.
 */
const connectTimeoutMs = 4_000;

interface LinkOptions {
  readonly member: DatabaseMember;
  readonly database: Pick<DatabaseConfig, 'connectionString'>;
  /** What of the server's settings is otherwise in its sessions. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly applicationName: string;
  readonly connectTimeoutMs?: number;
  /**
   * How long a connection may be silent before it is dropped; absent: at the first answer that is late. Only for questions that may
   * be answered, and done, after nobody waits for them any more.
   */
  readonly silenceMs?: number;
}

interface Opened {
  readonly client: pg.Client;
  readonly socket: Socket;
}

/**
 * A connection to one member that can be given up at any time. A server that is paused takes connections and statements
 * and answers nothing, so whatever is asked has a time limit, after which the connection is dropped and opened anew. One that is
 * still being opened then is left for the next question: a server that is only slow is made slower by new connections.
 */
export class MemberLink {
  private opened: Promise<Opened> | undefined;
  private isOpening = false;
  /** When the first question was sent that has not been answered. */
  private silentSinceMs: number | undefined;
  private closed = false;

  constructor(private readonly options: LinkOptions) {}

  get name(): string {
    return this.options.member.name;
  }

  /** @throws Error when there is no answer in time, or the server refuses */
  async ask<Row>(text: string, values: readonly unknown[], timeoutMs: number): Promise<Row[]> {
    if (this.closed) throw new Error('The link is closed');
    const askedAtMs = performance.now();
    const opening = this.opened ?? this.connect();
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          isLate = true;
          reject(new Error(`${this.name} has not answered in ${timeoutMs} ms`));
        }, timeoutMs);
      });
      const answer = opening.then(({ client }) => {
        // Nobody waits for it any more, and it may be the wrong thing to do by now.
        if (isLate) throw new Error(`${this.name} has let nobody in for ${timeoutMs} ms`);
        return client.query({ text, values: [...values] });
      });
      answer.catch(() => undefined);
      const { rows } = await Promise.race([answer, late]);
      this.silentSinceMs = undefined;
      return rows as Row[];
    } catch (error) {
      // After a refusal the session is as good as before.
      const isGood = error instanceof pg.DatabaseError && !isEnding(error);
      if (isGood) this.silentSinceMs = undefined;
      else if (!isLate || !this.isAwaited(opening, askedAtMs)) this.drop(opening);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.closed = true;
    if (this.opened !== undefined) this.drop(this.opened);
  }

  /** Whether a connection that has brought no answer in time may bring the next. */
  private isAwaited(opening: Promise<Opened>, askedAtMs: number): boolean {
    if (this.opened !== opening) return false;
    if (this.isOpening) return true;
    this.silentSinceMs ??= askedAtMs;
    return performance.now() - this.silentSinceMs < (this.options.silenceMs ?? 0);
  }

  private connect(): Promise<Opened> {
    const opening = this.open(this.options.connectTimeoutMs ?? connectTimeoutMs);
    this.opened = opening;
    this.isOpening = true;
    this.silentSinceMs = undefined;
    const forget = (): void => {
      if (this.opened === opening) this.opened = undefined;
    };
    opening
      .then(({ client }) => client.on('end', forget), forget)
      .finally(() => {
        this.isOpening = false;
      });
    return opening;
  }

  private async open(timeoutMs: number): Promise<Opened> {
    const { member, database, settings = {}, applicationName } = this.options;
    const url = new URL(database.connectionString);
    url.hostname = member.host;
    url.port = String(member.port);
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: url.href,
      application_name: applicationName,
      connectionTimeoutMillis: timeoutMs,
      options: Object.entries(settings)
        .map(([key, value]) => `-c ${key}=${value}`)
        .join(' '),
      stream: () => socket,
    });
    // Whoever asks is told; without a listener the process would end.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return { client, socket };
  }

  private drop(opening: Promise<Opened>): void {
    if (this.opened === opening) this.opened = undefined;
    opening.then(
      ({ socket }) => socket.destroy(),
      () => undefined,
    );
  }
}

/** Class 57P: the server shuts down, has crashed, or is not ready. */
function isEnding(error: pg.DatabaseError): boolean {
  return error.code?.startsWith('57P') === true;
}
