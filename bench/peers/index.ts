import { etcd } from './etcd.ts';
import { immudb } from './immudb.ts';
import { jetStream } from './jet-stream.ts';
import type { Peer } from './peer.ts';
import { redis } from './redis.ts';

/** All peers, in the order of the table. */
export const peers: readonly Peer[] = [redis, etcd, jetStream, immudb];

/** The peer of a name; undefined where there is none. */
export function peerNamed(name: string): Peer | undefined {
  return peers.find((peer) => peer.name === name);
}
