import { z } from 'zod';
import { listedMembersSchema, type ListedMembers } from '#platform/membership/listed-members.js';
import type { DetectorName } from '#protocols/failure-detector/detector.js';

import type { ControlClient } from '../control-client.js';

const versionSchema = z.object({ version: z.number() });

/** The registry's view of the running shop, as an operator sees and changes it. */
export class MembersClient {
  constructor(private readonly control: ControlClient) {}

  list(): Promise<ListedMembers> {
    const call = { method: 'GET', path: '/control/members' } as const;
    return this.control.ask(call, listedMembersSchema, 'The members could not be listed');
  }

  switchDetector(detector: DetectorName): Promise<ListedMembers> {
    const call = { method: 'PUT', path: '/control/members/detector', body: { detector } } as const;
    return this.control.ask(call, listedMembersSchema, 'The detector could not be switched');
  }

  /** @returns the version of the view in which it gets no requests any more */
  async drain(name: string): Promise<number> {
    const call = { method: 'POST', path: `/control/members/${name}/drain` } as const;
    const { version } = await this.control.ask(call, versionSchema, `${name} could not be drained`);
    return version;
  }

  async undrain(name: string): Promise<void> {
    const call = { method: 'DELETE', path: `/control/members/${name}/drain` } as const;
    await this.control.ask(call, versionSchema, `${name} could not be taken back`, [422]);
  }
}
