// Holds the reading end of a pipe to a test run. When the run ends in whatever way, by kill -9 too, the pipe
// closes, and the platform that the run had started is stopped.
import { execFile } from 'node:child_process';

const [command = '', ...args] = process.argv.slice(2);
// The terminal's Ctrl-C reaches this process too, and must not end it before it has done its work.
process.on('SIGINT', () => {});
process.stdin.resume();
process.stdin.on('end', () => execFile(command, args, () => process.exit()));
