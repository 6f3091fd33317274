import { Redis } from 'ioredis';

import { Failure } from '../../failure.js';
import { signal } from '../../launcher/process-table.js';
import { findLiveRun, type RunningProcess } from '../../launcher/run-record.js';
import type { StateFolder } from '../../launcher/state-folder.js';

/** The Redis of the running shop, as its operator sees it. */
export class RedisOfRun {
  private readonly redis: Redis;

  constructor(private readonly state: StateFolder) {
    this.redis = new Redis(this.process().port, '127.0.0.1', { maxRetriesPerRequest: 0 });
    this.redis.on('error', () => undefined);
  }

  async forgetEverything(): Promise<void> {
    await this.redis.flushall();
  }

  /** As if its time was up. */
  async expire(sku: string): Promise<void> {
    await this.redis.del(`product:${sku}`);
  }

  /** It keeps its connections and answers nothing. Undone by the returned function, more than once without harm. */
  pause(): () => void {
    const process = this.process();
    signal(process, 'SIGSTOP');
    return () => signal(process, 'SIGCONT');
  }

  /** The launcher starts it again, without its memory. */
  kill(): void {
    signal(this.process(), 'SIGKILL');
  }

  close(): void {
    this.redis.disconnect();
  }

  private process(): RunningProcess {
    const process = findLiveRun(this.state)?.processes.find(({ kind }) => kind === 'redis');
    if (process === undefined) throw new Failure('The shop runs without Redis: the lab needs stage 10.');
    return process;
  }
}
