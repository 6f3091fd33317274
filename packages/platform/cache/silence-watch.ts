/** So many turns of the event loop, at least so far apart, without an answer are silence. */
const usualTurns = 5;
const turnMs = 50;

/**
 * Tells when a server that owes answers has fallen silent. It counts turns of the event loop and not milliseconds: a process
 * that was busy by itself, or had no CPU, finds the answers that came meanwhile at its next turn, and must not take its own
 * slowness for the server's.
 */
export class SilenceWatch {
  private readonly waiting = new Set<(error: Error) => void>();
  private turns = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param silentTurns after how many turns without an answer a server is silent */
  constructor(private readonly silentTurns: number = usualTurns) {}

  /** How long a server is silent at least before it is taken for that. */
  get silentMs(): number {
    return this.silentTurns * turnMs;
  }

  /** Rejects when the server has fallen silent, whatever becomes of the answer. */
  guard<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      this.timer ??= this.start();
      const answered = (): void => {
        this.heard();
        this.waiting.delete(reject);
        if (this.waiting.size === 0) this.stop();
      };
      answer.then(
        (value) => {
          answered();
          resolve(value);
        },
        (error: unknown) => {
          answered();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** Something came, be it a part of many answers. */
  heard(): void {
    this.turns = 0;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.turns = 0;
  }

  private start(): NodeJS.Timeout {
    return setInterval(() => {
      this.turns += 1;
      if (this.turns <= this.silentTurns) return;
      const given = [...this.waiting];
      this.waiting.clear();
      this.stop();
      for (const reject of given) reject(new Silence());
    }, turnMs).unref();
  }
}

export class Silence extends Error {
  constructor() {
    super('no answer');
  }
}
