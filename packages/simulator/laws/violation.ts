/** The laws that are checked after every change, and, at the end, on everything. */
export type Law =
  | 'money and stock are conserved'
  | 'a branch has one effect'
  | 'what has ended stays ended'
  | 'a cancel is remembered'
  | 'all branches or none'
  | 'steps run and are undone in order'
  | 'a message is sent after its record'
  | 'a decision needs every vote'
  | 'one decision'
  | 'only the leader decides'
  | 'an old term is refused'
  | 'an outcome stays'
  | 'a key pays once'
  | 'a divergence is known'
  | 'every order ends'
  | 'nothing stays locked or reserved'
  | 'the protocol goes on';

/** Thrown where a law is broken. */
export class Violation extends Error {
  constructor(
    readonly law: Law,
    what: string,
  ) {
    super(`${law}: ${what}`);
  }
}
