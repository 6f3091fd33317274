/** What nginx answers by itself, in the same shape as the services: problem+json with a stable code. */
export interface FrontDoorProblem {
  /** nginx's own status; 494 and the like exist only inside nginx. */
  readonly from: number;
  /** The status that the client sees. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
}

export const frontDoorProblems: readonly FrontDoorProblem[] = [
  { from: 400, status: 400, code: 'bad-request', title: 'The request is malformed' },
  { from: 404, status: 404, code: 'not-found', title: 'There is nothing at this address' },
  { from: 405, status: 405, code: 'method-not-allowed', title: 'The method is not allowed here' },
  { from: 408, status: 408, code: 'request-timeout', title: 'The request did not arrive in time' },
  { from: 413, status: 413, code: 'body-too-large', title: 'The body is over 64 KiB' },
  { from: 414, status: 414, code: 'uri-too-long', title: 'The address is too long' },
  { from: 494, status: 431, code: 'headers-too-large', title: 'The headers are too large' },
  { from: 500, status: 500, code: 'internal', title: 'Something went wrong on our side' },
  { from: 501, status: 501, code: 'not-implemented', title: 'The front door does not support this request' },
  {
    from: 502,
    status: 502,
    code: 'upstream-unavailable',
    title: 'A part of the shop cannot be reached right now; try again',
  },
  { from: 503, status: 503, code: 'overloaded', title: 'Too much is under way; try again' },
  { from: 505, status: 505, code: 'not-implemented', title: 'The front door does not support this request' },
  { from: 504, status: 504, code: 'upstream-timeout', title: 'A part of the shop did not answer in time' },
];

export function problemBody({ status, code, title }: FrontDoorProblem): string {
  return JSON.stringify({ type: `urn:tristate:problem:${code}`, title, status, code });
}
