import type { ChainKey } from './chain-key.ts';
import { type KeyProofClaim, keyProofBytes } from './key-proof.ts';

/** What the proof for a ticket is tied to: what any proof of a key is, and the chain key that was asked for. */
export interface TicketProofClaim extends KeyProofClaim {
  readonly chainKey: ChainKey;
}

/**
 * The bytes that the proof for a ticket signs, with the context `signatureContexts.ticket`: those of a proof of the key, which have
 * a fixed size, then the chain key. Whoever asks for a ticket may not know the chain's id yet, so it is the server's word: the chain
 * key keeps a server from having the proof made for another chain than was meant.
 */
export function ticketProofBytes(claim: TicketProofClaim): Buffer {
  return Buffer.concat([keyProofBytes(claim), Buffer.from(claim.chainKey.text)]);
}
