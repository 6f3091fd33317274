/** Injection tokens of what has no class of its own. */
export const PROCESS_CONFIG = Symbol('PROCESS_CONFIG');
export const LOGGER = Symbol('LOGGER');
export const FAILPOINTS = Symbol('FAILPOINTS');
