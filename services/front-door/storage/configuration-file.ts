import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** nginx's configuration in the folder that its container shares. */
export class ConfigurationFile {
  private written: string | undefined;

  constructor(private readonly folder: string) {}

  /** Writes what has changed, and tells nginx; answers whether anything has. nginx keeps what it has when it refuses. */
  update(text: string): boolean {
    if (text === this.written) return false;
    const path = join(this.folder, 'nginx.conf');
    writeFileSync(`${path}.next`, text);
    renameSync(`${path}.next`, path);
    this.written = text;
    this.signal();
    return true;
  }

  private signal(): void {
    let pid: number;
    try {
      pid = Number(readFileSync(join(this.folder, 'nginx.pid'), 'utf8'));
    } catch {
      // It has not started yet, and will read the file when it does.
      return;
    }
    try {
      process.kill(pid, 'SIGHUP');
    } catch {
      // It has just ended, and reads the file when it starts again.
    }
  }
}
