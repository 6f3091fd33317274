import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';

import { cacheProtectionNames, settingsSchema, type SettingsChange } from '#platform/settings/settings.js';
import { ControlClient } from '../control-client.js';
import { closest } from '../launcher/topology.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

/** Every switch by the name that it has on the command line. */
export const switchNames = [...cacheProtectionNames.map((name) => `cache.${name}`), 'overload.enabled'];

const viewSchema = z.object({ settings: settingsSchema, unreached: z.array(z.string()) });
type SettingsView = z.infer<typeof viewSchema>;

export function addSettings(program: Command): void {
  const settings = program
    .command('settings')
    .description('switch protections of the running shop, to see what they are good for');
  settings
    .command('get')
    .description('show what is switched on, off, or as configured')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async ({ state, json }: CommonOptions) =>
      show(await readSettings(ControlClient.ofRun(state)), json),
    );
  settings
    .command('set')
    .argument('<switch...>', `NAME=on or NAME=off, with ${switchNames.join(', ')}`, addSwitch)
    .description('switch in all processes; other switches stay as they are')
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  npx tristate settings set cache.filter=off overload.enabled=off')
    .action(async (change: SettingsChange, { state, json }: CommonOptions) => {
      const control = ControlClient.ofRun(state);
      const { settings: current } = await readSettings(control);
      show(await replaceSettings(control, merge(current, change)), json);
    });
  settings
    .command('reset')
    .description('all as configured')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async ({ state, json }: CommonOptions) =>
      show(await replaceSettings(ControlClient.ofRun(state), {}), json),
    );
}

export function readSettings(control: ControlClient): Promise<SettingsView> {
  const call = { method: 'GET', path: '/control/settings' } as const;
  return control.ask(call, viewSchema, 'The settings could not be read');
}

/** In place of everything that was switched before. */
export function replaceSettings(control: ControlClient, change: SettingsChange): Promise<SettingsView> {
  const call = { method: 'PUT', path: '/control/settings', body: change } as const;
  return control.ask(call, viewSchema, 'The settings could not be changed');
}

/** Reads one argument, and adds it to those before. */
export function addSwitch(text: string, before: SettingsChange | undefined): SettingsChange {
  const [name = '', value, ...more] = text.split('=');
  if ((value !== 'on' && value !== 'off') || more.length > 0)
    throw new InvalidArgumentError(`Write ${switchNames.includes(name) ? name : 'NAME'}=on or =off.`);
  if (!switchNames.includes(name)) {
    const near = closest(name, switchNames);
    throw new InvalidArgumentError(
      near === undefined ? `There are ${switchNames.join(', ')}.` : `Did you mean ${near}?`,
    );
  }
  const [group = '', key = ''] = name.split('.');
  return merge(before ?? {}, settingsSchema.parse({ [group]: { [key]: value === 'on' } }));
}

function merge(one: SettingsChange, other: SettingsChange): SettingsChange {
  return settingsSchema.parse({
    cache: { ...one.cache, ...other.cache },
    overload: { ...one.overload, ...other.overload },
  });
}

function show({ settings, unreached }: SettingsView, json: true | undefined): void {
  if (json) return printJson({ settings, unreached });
  const width = Math.max(...switchNames.map((name) => name.length));
  const lines = switchNames.map((name) => `${name.padEnd(width)}  ${stateOf(settings, name)}`);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (unreached.length > 0)
    process.stdout.write(`! ${unreached.join(', ')} did not answer, and will know when they do\n`);
}

function stateOf(settings: SettingsChange, name: string): string {
  const [group, key = ''] = name.split('.');
  const switches: Readonly<Record<string, boolean | undefined>> =
    (group === 'cache' ? settings.cache : settings.overload) ?? {};
  const value = switches[key];
  return value === undefined ? 'as configured' : value ? 'on' : 'off';
}
