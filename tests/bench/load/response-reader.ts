const headEnd = Buffer.from('\r\n\r\n');
const contentLength = /\r\ncontent-length: *(\d+)/i;
const closing = /\r\nconnection: *close/i;

export interface ResponseHead {
  readonly status: number;
  /** The server closes the connection after this response. */
  readonly closes: boolean;
}

/**
 * Finds the ends of HTTP/1.1 responses that come one at a time, and reads no more of them than it must: status,
 * length, and whether the connection stays. The common case, a response in one chunk, copies nothing.
 */
export class ResponseReader {
  private head: ResponseHead | undefined;
  private bodyLeft = 0;
  private partial: Buffer | undefined;

  /** Takes what arrived; answers the response when it is complete. */
  push(chunk: Buffer): ResponseHead | undefined {
    if (this.head === undefined) {
      const bytes = this.partial === undefined ? chunk : Buffer.concat([this.partial, chunk]);
      const end = bytes.indexOf(headEnd);
      if (end === -1) {
        this.partial = bytes;
        return undefined;
      }
      this.partial = undefined;
      const text = bytes.toString('latin1', 0, end);
      this.head = { status: Number(text.slice(9, 12)), closes: closing.test(text) };
      const length = contentLength.exec(text)?.[1];
      if (length === undefined) throw new Error(`A response without a length cannot be read:\n${text}`);
      this.bodyLeft = Number(length) - (bytes.length - end - headEnd.length);
    } else {
      this.bodyLeft -= chunk.length;
    }
    if (this.bodyLeft > 0) return undefined;
    if (this.bodyLeft < 0) throw new Error('More arrived than the response that was asked for');
    const { head } = this;
    this.head = undefined;
    return head;
  }
}
