import { z } from 'zod';
import { detectorNames, type DetectorName } from '#protocols/failure-detector/detector.js';
import { memberStates } from '#protocols/failure-detector/member.js';

import type { ControlClient } from '../control-client.js';

const memberSchema = z.object({
  name: z.string(),
  service: z.string(),
  state: z.enum(memberStates),
  sinceMs: z.number(),
  draining: z.boolean(),
  weight: z.number(),
  slowStartShare: z.number(),
  phi: z.number(),
  missedBeats: z.number(),
  load: z.number(),
  inFlight: z.number(),
  eventLoopLagMs: z.number(),
  version: z.string(),
  incarnation: z.number(),
  detectors: z.object({ periodic: z.boolean(), phi: z.boolean() }),
});
export type ListedMember = z.infer<typeof memberSchema>;

const membersSchema = z.object({
  epoch: z.number(),
  version: z.number(),
  settled: z.boolean(),
  detector: z.enum(detectorNames),
  members: z.array(memberSchema),
});
export type ListedMembers = z.infer<typeof membersSchema>;

const versionSchema = z.object({ version: z.number() });

/** The registry's view of the running shop, as an operator sees and changes it. */
export class MembersClient {
  constructor(private readonly control: ControlClient) {}

  list(): Promise<ListedMembers> {
    const call = { method: 'GET', path: '/control/members' } as const;
    return this.control.ask(call, membersSchema, 'The members could not be listed');
  }

  switchDetector(detector: DetectorName): Promise<ListedMembers> {
    const call = { method: 'PUT', path: '/control/members/detector', body: { detector } } as const;
    return this.control.ask(call, membersSchema, 'The detector could not be switched');
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
