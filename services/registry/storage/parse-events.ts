import { z } from 'zod';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

/** As packages/platform/trace/protocol-event.ts has it; what a kind of event tells is not looked into. */
const eventSchema = z.object({
  gid: z.string(),
  process: z.string(),
  atUs: z.number(),
  what: z.looseObject({ kind: z.string() }),
});

/** Events as processes send them: JSON, one string for each. One that cannot be read is left out. */
export function parseEvents(texts: readonly string[]): ProtocolEvent[] {
  return texts.flatMap((text) => {
    const parsed = eventSchema.safeParse(parseJson(text));
    return parsed.success ? [parsed.data as unknown as ProtocolEvent] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
