import { requireNode } from './node-version.mjs';

/**
 * Brings everything up to date and hands the arguments to a command line of the build. `usesParts` tells whether
 * these arguments need nginx and Redis.
 */
export async function runTool(
  entry,
  { usesParts, toStderr = true, verbose = false, args = process.argv.slice(2) },
) {
  requireNode();
  const { newProgress } = await import('./progress.mjs');
  const { tell } = await import('./run-command.mjs');
  const { setUp } = await import('./set-up.mjs');
  const { ensureSystemParts } = await import('./system-parts.mjs');

  // Only a command's own result belongs on its output.
  const progress = newProgress(toStderr ? { stream: process.stderr } : {});
  try {
    await setUp(progress, { verbose });
    if (usesParts(args)) await ensureSystemParts(progress);
  } catch (error) {
    tell(error);
  }
  const { main } = await import(`../dist/${entry}`);
  await main(args);
}
