/** Keys of the metadata in which a request's scope travels with a call; the session comes back in the trailers. */
export const correlationIdKey = 'x-correlation-id';
export const consistencyKey = 'x-consistency';
export const sessionKey = 'x-session';

/** What a call is about, for the strategy that sends calls of one kind to one copy (gRFC A76 hashes a header as well). */
export const balancingKeyKey = 'x-balancing-key';
/** Where the call was tried before. */
export const avoidedAddressKey = 'x-avoided-address';
