import { FieldWriter, frame } from '../../src/bytes/index.ts';
import { type KeyPair, signatureContexts } from '../../src/crypto/index.ts';
import { keyProofBytes } from '../../src/event/index.ts';
import type { MessageStream } from './message-stream.ts';
import { fieldOf } from './response-fields.ts';

/** Fields of AppendRequest, of AppendResponse and of what they hold; see `chain.proto`. */
const chainKeyField = 16;
const proofField = 17;
const conversationField = 4;
const provenField = 5;

/** Prove a key on an append stream that was just opened: two questions, and then no batch of this key needs a signature. */
export async function proveKey(
  stream: MessageStream,
  options: {
    readonly chainKey: string;
    readonly chainId: Buffer;
    /** Of the server's identity key. */
    readonly serverFingerprint: Buffer;
    readonly key: KeyPair;
    /** Of the tunnel that the stream is in, asked for once the server has answered. */
    exporter?(): Buffer | undefined;
  },
): Promise<void> {
  const { chainKey, chainId, serverFingerprint, key } = options;
  const asked = await stream.ask(frame(chainKeyField, Buffer.from(chainKey)));
  const conversationId = fieldOf(fieldOf(asked, conversationField), 1);
  const { fingerprint, suite } = key.publicKey;
  const claim = {
    exporter: options.exporter?.(),
    serverFingerprint,
    chainId,
    conversationId,
    fingerprint,
  };
  const signature = new FieldWriter()
    .varint(1, suite)
    .bytes(2, fingerprint)
    .bytes(3, await key.sign(signatureContexts.proof, keyProofBytes(claim)))
    .finish();
  const answer = await stream.ask(frame(proofField, frame(1, signature)));
  const said = fieldOf(fieldOf(answer, provenField), 1);
  if (!said.equals(fingerprint)) throw new Error('the server says that another key is proven');
}
