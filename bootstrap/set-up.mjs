import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hashFiles, listFiles, readStamp, root } from './folders.mjs';
import { Failure, runCommand } from './run-command.mjs';

const PACKAGES_STAMP = 'node_modules/.tristate-packages';
const TYPES_STAMP = 'generated/.stamp';
const BUILD_STAMP = 'dist/.stamp';

/**
 * Brings packages, generated types and the build up to date. A part that is up to date costs a hash of its
 * sources, and is reported only when `verbose`.
 */
export async function setUp(progress, { verbose = false } = {}) {
  const parts = [
    ['packages', findPackagesWork],
    ['types from proto/', findTypesWork],
    ['build', findBuildWork],
  ];
  for (const [title, findWork] of parts) {
    const work = findWork();
    if (work) await progress.step(title, work);
    else if (verbose) progress.line(`✓ ${title}  up to date`);
  }
}

function findPackagesWork() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const wanted = hashFiles(['package-lock.json'], `${process.platform}-${process.arch}`);
  if (readStamp(PACKAGES_STAMP) === wanted) return undefined;
  const done = () => writeFileSync(join(root, PACKAGES_STAMP), wanted);
  if (installedMatches(JSON.parse(lock))) {
    done();
    return undefined;
  }
  return async (report) => {
    report('npm ci');
    await runCommand('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], { cwd: root });
    done();
  };
}

/** True when npm itself has installed just what the lock file names, for example by hand with `npm ci`. */
function installedMatches(lock) {
  const path = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(path)) return false;
  const installed = JSON.parse(readFileSync(path, 'utf8')).packages;
  for (const [name, wanted] of Object.entries(lock.packages)) {
    if (name === '') continue;
    const found = installed[name];
    if (found ? found.version !== wanted.version : !wanted.optional) return false;
  }
  return true;
}

export function findTypesWork() {
  const generator = JSON.parse(readFileSync(join(root, 'node_modules/ts-proto/package.json'), 'utf8'));
  const wanted = hashFiles([...listFiles('proto', '.proto'), 'bootstrap/buf.gen.yaml'], generator.version);
  if (readStamp(TYPES_STAMP) === wanted) return undefined;
  return async () => {
    // What is removed from proto/ goes from generated/ too; the rest is overwritten in place, for tsc --watch.
    const kept = new Set(
      listFiles('proto', '.proto').map((path) => path.slice('proto/'.length, -'.proto'.length)),
    );
    for (const path of listFiles('generated', '.ts')) {
      if (!kept.has(path.slice('generated/'.length, -'.ts'.length))) rmSync(join(root, path));
    }
    const template = join('bootstrap', 'buf.gen.yaml');
    await runCommand(findBuf(), ['generate', 'proto', '--template', template], { cwd: root });
    writeFileSync(join(root, TYPES_STAMP), wanted);
  };
}

/** buf's own launcher needs an install script to have run; the platform's package needs none. */
function findBuf() {
  const arch = { arm64: process.platform === 'linux' ? 'aarch64' : 'arm64', arm: 'armv7' }[process.arch];
  const name = `@bufbuild/buf-${process.platform}-${arch ?? process.arch}`;
  const path = join(root, 'node_modules', name, 'bin', 'buf');
  if (!existsSync(path))
    throw new Failure(`There is no ${name}: types cannot be generated on this platform.`);
  return path;
}

function findBuildWork() {
  const sources = ['generated', 'packages', 'services', 'tests'].flatMap((folder) =>
    listFiles(folder, '.ts'),
  );
  const wanted = hashFiles([...sources, 'bootstrap/bundle.mjs', 'tsconfig.json', 'package-lock.json']);
  if (readStamp(BUILD_STAMP) === wanted) return undefined;
  return async () => {
    rmSync(join(root, BUILD_STAMP), { force: true });
    await runCommand(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: root });
    removeLeftOvers(new Set(sources));
    await runCommand(process.execPath, ['dist/services/monolith/write-openapi.js'], { cwd: root });
    const { bundleServices } = await import('./bundle.mjs');
    await bundleServices();
    writeFileSync(join(root, BUILD_STAMP), wanted);
  };
}

/** tsc leaves the output of a deleted source in place, where Jest would still run it. */
export function removeLeftOvers(sources) {
  for (const output of listFiles('dist', '.js')) {
    const source = output.slice('dist/'.length, -'.js'.length);
    if (sources.has(`${source}.ts`) || source.startsWith('bundle')) continue;
    for (const ending of ['.js', '.js.map']) rmSync(join(root, `dist/${source}${ending}`), { force: true });
  }
}
