/**
 * Who vouches for a batch of a chain that is measured.
 *
 * - `signed`: every batch has its writer's signature; the chain is distributed.
 * - `proven`: the writer has proven its key to the server, once a stream, and only the genesis is signed; the chain is
 *   centralized.
 */
export type Vouching = 'signed' | 'proven';

/** What the rows measure that say nothing else: the faster one that the server knows. */
export const vouchingDefault: Vouching = 'proven';
