import { ChunkedBody } from './chunked-body.js';

const headEnd = Buffer.from('\r\n\r\n');
const contentLength = /\r\ncontent-length: *(\d+)/i;
const chunked = /\r\ntransfer-encoding: *chunked/i;
const closing = /\r\nconnection: *close/i;
const servedBy = /\r\nx-served-by: *([^\r]*)/i;

export interface ResponseHead {
  readonly status: number;
  /** The server closes the connection after this response. */
  readonly closes: boolean;
  /** The process that answered, by X-Served-By; empty when it is not told. */
  readonly servedBy: string;
}

/**
 * Finds the ends of HTTP/1.1 responses that come one at a time, and reads no more of them than it must: status, length,
 * who answered, and whether the connection stays. The common case, a response in one chunk, copies nothing.
 */
export class ResponseReader {
  private head: ResponseHead | undefined;
  private bodyLeft = 0;
  private chunks: ChunkedBody | undefined;
  private partial: Buffer | undefined;

  /** A part of a response has come; when the connection ends now, the server may have done the work. */
  get hasBegun(): boolean {
    return this.head !== undefined || this.partial !== undefined;
  }

  /** Takes what arrived, and keeps nothing of it; answers the response when it is complete. */
  push(chunk: Buffer): ResponseHead | undefined {
    if (this.head !== undefined) return this.takeBody(chunk, 0);
    const bytes = this.partial === undefined ? chunk : Buffer.concat([this.partial, chunk]);
    const end = bytes.indexOf(headEnd);
    if (end === -1) {
      // The chunk's memory is read into again.
      this.partial = bytes === chunk ? Buffer.from(chunk) : bytes;
      return undefined;
    }
    this.partial = undefined;
    this.takeHead(bytes.toString('latin1', 0, end));
    return this.takeBody(bytes, end + headEnd.length);
  }

  private takeHead(text: string): void {
    const status = Number(text.slice(9, 12));
    this.head = { status, closes: closing.test(text), servedBy: servedBy.exec(text)?.[1] ?? '' };
    const length = contentLength.exec(text)?.[1];
    if (length !== undefined) this.bodyLeft = Number(length);
    else if (chunked.test(text)) this.chunks = new ChunkedBody();
    // RFC 9112, section 6.3: these end with their head.
    else if (status === 204 || status === 304) this.bodyLeft = 0;
    else throw new Error(`A response without a length cannot be read:\n${text}`);
  }

  private takeBody(bytes: Buffer, from: number): ResponseHead | undefined {
    if (this.chunks !== undefined) {
      const end = this.chunks.push(bytes, from);
      if (end === undefined) return undefined;
      this.chunks = undefined;
      this.bodyLeft = end - bytes.length;
    } else {
      this.bodyLeft -= bytes.length - from;
    }
    if (this.bodyLeft > 0) return undefined;
    if (this.bodyLeft < 0) throw new Error('More arrived than the response that was asked for');
    const { head } = this;
    this.head = undefined;
    return head;
  }
}
