// Plain JavaScript: jest-runner's types describe its CommonJS shape, and Node loads its ESM one.
import TestRunner from 'jest-runner';

/** Jest's own runner, told to run its suites one after another while the other project's run in parallel. */
export default class SerialRunner extends TestRunner {
  isSerial = true;
}
