const answerMs = 2_000;

/** What a coordinator is right now: `active, term 3` or `standby`; undefined when it does not say. */
export async function coordinatorRole(port: number): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(answerMs) });
    const page = await answer.text();
    const active = gauge(page, 'coordinator_active');
    if (active === undefined) return undefined;
    return active === 1 ? `active, term ${gauge(page, 'coordinator_term') ?? 0}` : 'standby';
  } catch {
    // It is starting, paused or gone, which its state tells.
    return undefined;
  }
}

function gauge(page: string, name: string): number | undefined {
  const value = new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(page)?.[1];
  return value === undefined ? undefined : Number(value);
}
