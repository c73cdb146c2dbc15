import { type KeyPair, type PublicKey, signatureContexts } from '../../src/crypto/index.ts';
import { keyProofBytes } from '../../src/event/index.ts';
import type { AppendCall } from './raw-client.ts';

/** Prove keys on a stream, as every client does, and wait until the server has taken the proofs. */
export async function proveKeys(
  call: AppendCall,
  chain: { readonly chainKey: string; readonly chainId: Buffer; readonly server: PublicKey },
  keys: readonly KeyPair[],
): Promise<void> {
  const { chainKey, chainId, server } = chain;
  const conversationId = await call.converse(chainKey);
  for (const key of keys) {
    const { fingerprint, suite } = key.publicKey;
    const ties = { exporter: call.exporter, conversationId };
    const claim = { ...ties, serverFingerprint: server.fingerprint, chainId, fingerprint };
    const signature = await key.sign(signatureContexts.proof, keyProofBytes(claim));
    call.prove({ signature: { suite, fingerprint, signature } });
    const answer = await call.answer();
    if (answer?.outcome.case !== 'proven') throw new Error(`an answer: ${answer?.outcome.case}`);
  }
}
