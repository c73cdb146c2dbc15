import { signatureContexts } from '../../../src/crypto/index.ts';
import {
  deletionBytes,
  keyProofBytes,
  lockProofBytes,
  parseChainKey,
  publicKeyBytes,
  ticketProofBytes,
} from '../../../src/event/index.ts';
import { fixedBytes, fixedKey } from './fixed.ts';
import type { VectorFile } from './vector-file.ts';

/** What clients sign to prove a key: for appends, locks, tickets and deletion. */
export function proofVectors(): VectorFile {
  const key = fixedKey('who proves');
  const claim = {
    serverFingerprint: fixedBytes('fingerprint of a server', 32),
    chainId: fixedBytes('a chain id', 32),
    conversationId: fixedBytes('a conversation', 32),
    fingerprint: key.publicKey.fingerprint,
  };
  const claims = [claim, { ...claim, exporter: fixedBytes('an exporter', 32) }];
  const primaryKey = fixedBytes('an object', 16);
  const keys = ['example.com/me/mydb', 'team/db'].map(parseChainKey);
  const heads = [1, 2 ** 40].map((size) => ({ size, root: fixedBytes(`root ${size}`, 32) }));
  const contexts = signatureContexts;
  const made = (context: string, said: object, bytes: Buffer) => ({
    ...{ ...said, context, bytes, signature: key.sign(context, bytes) },
  });
  return {
    name: 'proofs',
    about:
      'What proofs of keys sign (docs/format.md, "Proofs"). `bytes` are signed with `context` as the purpose, by the one of `keys`. Without `exporter` there is no tunnel, and 32 zero bytes stand for it. Signatures were made without randomness.',
    madeFrom: 'src/event/key-proof.ts, lock-proof.ts, ticket-proof.ts and deletion-proof.ts',
    lists: {
      keys: [{ key: publicKeyBytes(key.publicKey), seed: key.seed }],
      append: claims.map((one) => made(contexts.proof, one, keyProofBytes(one))),
      lock: claims.map((one) => {
        const all = { ...one, primaryKey };
        return made(contexts.lock, all, lockProofBytes(all));
      }),
      ticket: claims.flatMap((one) =>
        keys.map((chainKey) =>
          made(
            contexts.ticket,
            { ...one, chainKey: chainKey.text },
            ticketProofBytes({ ...one, chainKey }),
          ),
        ),
      ),
      deleteChain: claims.flatMap((one) =>
        heads.map((head) =>
          made(contexts.deleteChain, { ...one, ...head }, deletionBytes({ ...one, head })),
        ),
      ),
    },
  };
}
