import { spawn } from 'node:child_process';

/** What the harshest faults do to the process in which they act. */
export interface OwnProcess {
  /** As a power cut would; never returns. */
  kill(): void;
  /** Stops every thread of this process; it goes on after `durationMs`. */
  pause(durationMs: number): Promise<void>;
}

const msPerSecond = 1_000;

export const ownProcess: OwnProcess = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  pause: async (durationMs) => {
    const waker = spawn('sh', ['-c', wakeUp(process.pid, durationMs)], { detached: true, stdio: 'ignore' });
    waker.unref();
    // Without the waker nobody would wake this process up.
    await new Promise<void>((resolve, reject) => {
      waker.once('spawn', resolve);
      waker.once('error', reject);
    });
    process.kill(process.pid, 'SIGSTOP');
  },
};

/**
 * The waker's script, made of two numbers and nothing else. It sleeps in steps, so that it ends soon after the process
 * that it is to wake up was killed.
 */
export function wakeUp(pid: number, durationMs: number): string {
  const target = Math.trunc(pid);
  const wholeMs = Math.max(1, Math.trunc(durationMs));
  const seconds = Math.trunc(wholeMs / msPerSecond);
  const rest = ((wholeMs % msPerSecond) / msPerSecond).toFixed(3);
  return (
    `sleep ${rest}; i=0; ` +
    `while [ $i -lt ${seconds} ] && kill -0 ${target}; do sleep 1; i=$((i+1)); done; kill -CONT ${target}`
  );
}
