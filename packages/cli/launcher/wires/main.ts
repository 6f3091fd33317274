import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { Wire } from './wire.js';
import { newWiresControl } from './wires-control.js';

/** The process `wires`: every wire of a platform, and their control. */
const plan = z
  .strictObject({
    wires: z.array(z.strictObject({ name: z.string(), listenPort: z.int(), targetPort: z.int() })),
    controlPort: z.int(),
    adminTokenPath: z.string(),
  })
  .parse(JSON.parse(process.env['TRISTATE_WIRES'] ?? '{}'));

const wires = plan.wires.map((options) => new Wire(options));
await Promise.all(wires.map((wire) => wire.listen()));
const control = newWiresControl(wires, readFileSync(plan.adminTokenPath, 'utf8').trim());
control.listen({ host: '127.0.0.1', port: plan.controlPort });
process.once('SIGTERM', () => process.exit(0));
