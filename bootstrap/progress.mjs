/**
 * Prints steps, one line each with the time it took. On a terminal the running step is shown with a spinner;
 * elsewhere a long step says every ten seconds that it is still at work.
 */
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;

export function newProgress({ stream = process.stdout, onEvent = undefined } = {}) {
  const live = stream.isTTY === true && process.env.TERM !== 'dumb';
  const started = performance.now();
  let detail = '';

  const clear = () => {
    if (live) stream.write('\r\u001b[2K');
  };
  const line = (text) => {
    clear();
    stream.write(`${text}\n`);
    onEvent?.({ kind: 'line', text });
  };

  /** Runs `work(report)`; `report(text)` shows how far it is. Answers what work answers. */
  async function step(title, work) {
    const start = performance.now();
    let frame = 0;
    detail = '';
    const timer = setInterval(
      () => {
        const elapsed = seconds(performance.now() - start);
        if (live) {
          clear();
          const text = `${FRAMES[frame++ % FRAMES.length]} ${title}  ${elapsed}${detail && `  ${detail}`}`;
          stream.write(text.slice(0, (stream.columns ?? 80) - 1));
        } else {
          line(`… ${title}  ${elapsed}${detail && `  ${detail}`}`);
        }
      },
      live ? FRAME_INTERVAL_MS : PLAIN_INTERVAL_MS,
    );
    try {
      const result = await work((text) => (detail = text));
      line(`✓ ${title}  ${seconds(performance.now() - start)}`);
      return result;
    } catch (error) {
      line(`✗ ${title}  ${seconds(performance.now() - start)}`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  return { step, line, elapsed: () => seconds(performance.now() - started) };
}

export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
