/** Whether this process should get requests. Liveness is another question: a process that answers is alive. */
export class Health {
  private readonly checks = new Map<string, () => Promise<void>>();
  private draining = false;

  /** `check` rejects when what it looks at cannot be used. */
  register(name: string, check: () => Promise<void>): void {
    this.checks.set(name, check);
  }

  /** From now on the process is not ready: it finishes what it has and then ends. */
  drain(): void {
    this.draining = true;
  }

  async readiness(): Promise<{ ready: boolean; checks: Record<string, 'ok' | 'failing' | 'draining'> }> {
    if (this.draining) return { ready: false, checks: { process: 'draining' } };
    const entries = await Promise.all(
      [...this.checks].map(async ([name, check]): Promise<[string, 'ok' | 'failing']> => {
        try {
          await check();
          return [name, 'ok'];
        } catch {
          return [name, 'failing'];
        }
      }),
    );
    return { ready: entries.every(([, result]) => result === 'ok'), checks: Object.fromEntries(entries) };
  }
}
