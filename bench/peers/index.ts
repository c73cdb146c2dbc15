import type { Peer } from './peer.ts';

/** All peers, in the order of the table. */
export const peers: readonly Peer[] = [];
