import { z } from 'zod';
import type { DatabaseMember } from './process-config.js';

/** HOST:PORT */
export const address = z
  .string()
  .regex(/^[^:\s]+:\d{1,5}$/, 'must be HOST:PORT')
  .transform((text) => {
    const [host = '', port = ''] = text.split(':');
    return { host, port: Number(port) };
  })
  .refine(({ port }) => port >= 1 && port <= 65535, 'the port must be 1 to 65535');

/** NAME=HOST:PORT,NAME=HOST:PORT */
export const members = z.string().transform((text, context) => {
  const parts = text.split(',').filter((part) => part !== '');
  return parts.map((part): DatabaseMember => {
    const match = /^([a-z0-9-]{1,63})=([^:\s]+):(\d{1,5})$/.exec(part);
    if (match !== null) return { name: match[1] ?? '', host: match[2] ?? '', port: Number(match[3]) };
    context.addIssue({ code: 'custom', message: `"${part}" is not NAME=HOST:PORT` });
    return z.NEVER;
  });
});

export const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');

export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});
