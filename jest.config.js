// Jest runs the compiled files in dist/: what is tested is what ships, and no transformer stands between.
// Needs NODE_OPTIONS=--experimental-vm-modules, which `npm test` sets.

/** What starts real processes. These suites run one after another: two platforms at once are too much for
 * two cores, and a suite that is starved of time fails for no reason of its own. */
const platformSuites = ['e2e', 'crash', 'integration', 'chart'].map(
  (folder) => `<rootDir>/dist/tests/${folder}/`,
);

/** @type {import('jest').Config} */
const shared = {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/dist'],
  testEnvironment: 'node',
  transform: {},
  // A running platform's state is no place to look for modules.
  modulePathIgnorePatterns: ['<rootDir>/.tristate'],
};

/** @type {import('jest').Config} */
export default {
  rootDir: import.meta.dirname,
  maxWorkers: 2,
  // The file watcher of another tool must not decide whether tests run.
  watchman: false,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/dist/**/*.test.js'],
      testPathIgnorePatterns: ['/node_modules/', ...platformSuites],
    },
    {
      ...shared,
      displayName: 'platform',
      testMatch: platformSuites.map((folder) => `${folder}**/*.test.js`),
      runner: '<rootDir>/tests/jest/serial-runner.mjs',
    },
  ],
  reporters: ['default', '<rootDir>/dist/tests/jest/closing-line.js'],
};
