/**
 * The code of an error of Node's, for example ENOENT; undefined for anything else that was thrown. Asked without
 * instanceof, since under Jest Node's own errors come from another realm.
 */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
