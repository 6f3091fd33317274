/** What the profiler and those who run it agree on. */
export const startFile = 'start';
export const stopFile = 'stop';
export const profileEnding = '.cpuprofile';
export const samplingIntervalUs = 500;
