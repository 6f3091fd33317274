import { Option } from 'commander';

import { defaultMix, parseMix, scenarios } from './scenarios.js';

/** `--scenario`: what the visitors of a load do. */
export function scenarioOption(mix = defaultMix): Option {
  return new Option(
    '--scenario <mix>',
    `what visitors do, with weights: ${Object.keys(scenarios).join(', ')} (default: ${mix})`,
  )
    .argParser(parseMix)
    .default(parseMix(mix), 'as above');
}
