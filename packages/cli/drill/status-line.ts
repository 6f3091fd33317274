const clearLine = '\r\u001b[K';

/** One line on a terminal that is overwritten by the next; nothing where nobody looks. */
export function showStatus(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${clearLine}… ${text}`);
}

export function clearStatus(): void {
  if (process.stderr.isTTY) process.stderr.write(clearLine);
}
