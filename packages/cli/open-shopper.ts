import { Failure } from './failure.js';
import { FrontDoorClient } from './front-door-client.js';
import { requireRun } from './launcher/require-run.js';
import { Shopper } from './shopper.js';
import { readUsers } from './users.js';

/** Logs a seeded user into the running shop of a state folder. */
export async function openShopper(statePath: string, owner: string, timeoutMs: number): Promise<Shopper> {
  const { state, run } = requireRun(statePath);
  const users = readUsers(state);
  const user = users.find((one) => one.owner === owner);
  if (user === undefined) {
    throw new Failure(`There is no seeded user ${owner}: ${users.map((one) => one.owner).join(', ')}.`);
  }
  const shopper = new Shopper(new FrontDoorClient(run.url), user, timeoutMs);
  await shopper.logIn();
  return shopper;
}
