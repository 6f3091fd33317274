// Kept apart, and in old syntax, so that an old Node can parse it and say what is wrong.
const NEEDED = [20, 19];

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  console.error(
    `Tristate needs Node ${NEEDED.join('.')} or newer; this is Node ${process.versions.node} (${process.execPath}).`,
  );
  process.exit(1);
}
