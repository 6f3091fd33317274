const lineEnd = 0x0a;

type Place = 'size' | 'data' | 'data-end' | 'trailer';

/** Finds the end of a body in chunked transfer coding (RFC 9112, section 7.1), however it is cut into pieces. */
export class ChunkedBody {
  private place: Place = 'size';
  private left = 0;
  private line = '';

  /** Takes bytes from `from` on; answers where the body ends in them, or undefined when it goes on. */
  push(bytes: Buffer, from: number): number | undefined {
    let at = from;
    while (at < bytes.length) {
      if (this.place === 'data') {
        const taken = Math.min(this.left, bytes.length - at);
        this.left -= taken;
        at += taken;
        if (this.left === 0) this.place = 'data-end';
        continue;
      }
      const end = bytes.indexOf(lineEnd, at);
      this.line += bytes.toString('latin1', at, end === -1 ? bytes.length : end);
      if (end === -1) return undefined;
      at = end + 1;
      const line = this.line.trimEnd();
      this.line = '';
      if (this.place === 'trailer' && line === '') return at;
      if (this.place === 'size') this.startChunk(line);
      else if (this.place === 'data-end') this.place = 'size';
    }
    return undefined;
  }

  private startChunk(line: string): void {
    this.left = Number.parseInt(line, 16);
    if (Number.isNaN(this.left)) throw new Error(`A chunk of the size "${line}" cannot be read`);
    this.place = this.left === 0 ? 'trailer' : 'data';
  }
}
