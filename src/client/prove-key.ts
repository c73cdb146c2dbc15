import { AtedbError, FieldWriter } from '../bytes/index.ts';
import { type KeyPair, type PublicKey, signatureContexts } from '../crypto/index.ts';
import { type Genesis, keyProofBytes, signatureBytes } from '../event/index.ts';
import type { ByteStream } from './byte-stream.ts';
import { appendRequest } from './make-genesis.ts';
import { type AppendAnswer, type BatchAnswer, parseAppendAnswer } from './received.ts';
import { rejection } from './rejection.ts';

const proofField = 17;
const noRun = Buffer.alloc(0);

/**
 * Prove a key to the server of a centralized chain, at the start of an append stream: batches on it need no signature
 * from then on.
 *
 * @param server the identity that the server has, which the chain's genesis names or which follows from that one: the proof counts
 * at no other server. A key that the server has retired isn't named, or whoever has that one could pass the proof on.
 * @throws AtedbError the reason of a refusal; VERIFICATION_FAILED for an answer that can't be; as `ByteStream.read`.
 */
export async function proveKey(
  stream: ByteStream,
  key: KeyPair,
  { genesis, server }: { readonly genesis: Genesis; readonly server: PublicKey },
): Promise<void> {
  const { chainKey, chainId } = genesis;
  const { fingerprint } = key.publicKey;
  stream.write(appendRequest(noRun, chainKey));
  const conversation = await nextAnswer(stream);
  if (conversation.kind !== 'conversation') throw unasked(conversation);
  const claim = keyProofBytes({
    exporter: stream.exporter,
    serverFingerprint: server.fingerprint,
    chainId,
    conversationId: conversation.conversationId,
    fingerprint,
  });
  const signature = await key.sign(signatureContexts.proof, claim);
  const proof = new FieldWriter().message(1, signatureBytes(key.publicKey, signature)).finish();
  stream.write(new FieldWriter().message(proofField, proof).finish());
  const proven = await nextAnswer(stream);
  if (proven.kind !== 'proven' || !proven.fingerprint.equals(fingerprint)) throw unasked(proven);
}

/**
 * Take an answer where one to a batch is due.
 *
 * @throws AtedbError VERIFICATION_FAILED where it is another.
 */
export function batchAnswer(answer: AppendAnswer): BatchAnswer {
  if (answer.kind !== 'committed' && answer.kind !== 'rejected') throw unasked(answer);
  return answer;
}

async function nextAnswer(stream: ByteStream): Promise<AppendAnswer> {
  const message = await stream.read();
  if (message === undefined) {
    throw new AtedbError('CONNECTION_FAILED', 'the server has ended the stream before its answer');
  }
  return parseAppendAnswer(message);
}

function unasked(answer: AppendAnswer): AtedbError {
  if (answer.kind === 'rejected') return rejection(answer);
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the server's answer can't be true: it is of kind "${answer.kind}", and another was due`,
  );
}
