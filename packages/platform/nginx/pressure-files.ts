import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { pressureFolder } from './limits.js';

/** Tells a running nginx which services are under pressure: a file for each, in the folder that its configuration looks into. */
export class PressureFiles {
  private readonly folder: string;
  private readonly present: Set<string>;

  /** @param prefix the folder that nginx is started with; what an earlier run left there is taken over */
  constructor(prefix: string) {
    this.folder = join(prefix, pressureFolder);
    mkdirSync(this.folder, { recursive: true });
    this.present = new Set(readdirSync(this.folder));
  }

  /** @throws when the folder cannot be written; the next call tries again */
  update(services: readonly string[]): void {
    for (const service of services)
      if (!this.present.has(service)) {
        writeFileSync(join(this.folder, service), '');
        this.present.add(service);
      }
    for (const service of this.present)
      if (!services.includes(service)) {
        rmSync(join(this.folder, service), { force: true });
        this.present.delete(service);
      }
  }
}
