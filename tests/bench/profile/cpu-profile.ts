import { z } from 'zod';

const callFrame = z.object({
  functionName: z.string(),
  url: z.string(),
  lineNumber: z.number(),
  columnNumber: z.number(),
});

/** What Node's profiler writes: a tree of call frames, and at which node each sample was taken. */
export const cpuProfileSchema = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame, children: z.array(z.number()).optional() })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export type CpuProfile = z.infer<typeof cpuProfileSchema>;
export type CallFrame = z.infer<typeof callFrame>;

export interface SelfTime {
  readonly frame: CallFrame;
  /** The frames that called it, the nearest first. */
  readonly callers: readonly CallFrame[];
  readonly selfMs: number;
}

/** The time that each node of the profile was at the top of the stack. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const selfUs = new Map<number, number>();
  // A delta is the time before its sample, which is what the sampling interval is spent on.
  samples.forEach((id, index) => selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0)));
  const callersOf = (id: number): CallFrame[] => {
    const callers: CallFrame[] = [];
    for (let parent = parentOf.get(id); parent !== undefined; parent = parentOf.get(parent)) {
      const node = byId.get(parent);
      if (node !== undefined) callers.push(node.callFrame);
    }
    return callers;
  };
  return nodes.flatMap(({ id, callFrame: frame }) => {
    const selfMs = (selfUs.get(id) ?? 0) / 1000;
    return selfMs === 0 ? [] : [{ frame, callers: callersOf(id), selfMs }];
  });
}
