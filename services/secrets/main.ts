/**
 * Makes the secrets of docker-compose.yml at its first start, and ends. What was made is kept in `all`; each of the other
 * folders is a volume of its own, and gets what its service may know and nothing else.
 *
 *     main.js FOLDER order=orders registry= record    a service, and the database role that it logs in as, if any; without =
 *                                                     a volume that is only given to the user that the services run as
 */
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As whom the official images run their servers. */
const nodeUser = 1000;
const postgresUser = 999;

/** The components that are no service of the shop's own: nobody expects calls of theirs. */
const outsiders = ['postgres', 'front-door'];

const [root = '', ...components] = process.argv.slice(2);
for (const volume of components.filter((component) => !component.includes('=')))
  chownSync(join(root, volume), nodeUser, nodeUser);
const roles = new Map(
  components
    .filter((component) => component.includes('='))
    .map((component): [string, string] => {
      const [name = '', role = ''] = component.split('=');
      return [name, role];
    }),
);
const services = [...roles.keys()].filter((name) => !outsiders.includes(name));

function secret(name: string): string {
  const path = join(root, 'all', name);
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

function put(component: string, file: string, text: string): void {
  const user = component === 'postgres' ? postgresUser : nodeUser;
  const path = join(root, component, file);
  const folder = join(path, '..');
  mkdirSync(folder, { recursive: true });
  chownSync(folder, user, user);
  writeFileSync(path, `${text}\n`);
  chmodSync(path, 0o400);
  chownSync(path, user, user);
}

const callers = Object.fromEntries(
  services.map((service) => [
    service,
    createHash('sha256')
      .update(secret(`${service}.service-key`))
      .digest('hex'),
  ]),
);
for (const [component, role] of roles) {
  put(component, 'secrets/admin-token', secret('admin-token'));
  if (component === 'postgres') {
    const logins = [...roles.values()].filter((name) => name !== '');
    for (const name of new Set(['postgres', 'replicator', ...logins]))
      put(component, `database/${name}.password`, secret(`${name}.password`));
    continue;
  }
  put(component, 'secrets/token-key', secret('token-key'));
  put(component, 'secrets/service-key', secret(`${component}.service-key`));
  put(component, 'secrets/callers.json', JSON.stringify(callers));
  if (role !== '') put(component, 'database/password', secret(`${role}.password`));
}
