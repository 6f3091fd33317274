import { z } from 'zod';
import { detectorNames } from '#protocols/failure-detector/detector.js';
import { memberStates } from '#protocols/failure-detector/member.js';
import { sheddingStates, type View } from './view.js';

const memberSchema = z.object({
  name: z.string(),
  service: z.string(),
  httpAddress: z.string(),
  grpcAddress: z.string(),
  state: z.enum(memberStates),
  draining: z.boolean(),
  weight: z.number(),
  /** 0 to 1: the part of its weight that it gets after it has come. */
  slowStartShare: z.number(),
  underPressure: z.boolean(),
});

/** The part of the answer that whoever follows the view needs; the rest is passed over. */
export const viewSchema = z.object({
  epoch: z.number(),
  version: z.number(),
  /** False while a registry that has just started waits for everybody's first heartbeat. */
  settled: z.boolean(),
  detector: z.enum(detectorNames),
  balancing: z.object({ frontDoor: z.string(), grpc: z.string(), adaptive: z.boolean() }),
  shedding: z.enum(sheddingStates),
  members: z.array(memberSchema),
}) satisfies z.ZodType<View>;

const listedMemberSchema = memberSchema.extend({
  /** How long it has been in this state. */
  sinceMs: z.number(),
  phi: z.number(),
  missedBeats: z.number(),
  /** 0 to 1 of a core. */
  load: z.number(),
  inFlight: z.number(),
  eventLoopLagMs: z.number(),
  version: z.string(),
  /** Grows with each start of the process. */
  incarnation: z.number(),
  /** Which of the two takes it for dead. */
  detectors: z.object({ periodic: z.boolean(), phi: z.boolean() }),
});

/** What `GET /control/members` answers: the registry's view, as an operator sees it. */
export const listedMembersSchema = viewSchema.extend({ members: z.array(listedMemberSchema) });

export type ListedMembers = z.infer<typeof listedMembersSchema>;
export type ListedMember = z.infer<typeof listedMemberSchema>;
