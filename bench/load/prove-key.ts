import { FieldWriter, frame } from '../../src/bytes/index.ts';
import type { KeyPair } from '../../src/crypto/index.ts';
import type { MessageStream } from './raw-client.ts';
import { fieldOf } from './response-fields.ts';

const proofContext = 'atedb/v1/proof';
/** Where there is no encrypted tunnel. */
const noExporter = Buffer.alloc(32);
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
    readonly serverIdentity: Buffer;
    readonly key: KeyPair;
  },
): Promise<void> {
  const { chainKey, chainId, serverIdentity, key } = options;
  const asked = await stream.ask(frame(chainKeyField, Buffer.from(chainKey)));
  const conversation = fieldOf(fieldOf(asked, conversationField), 1);
  const { fingerprint, suite } = key.publicKey;
  const proven = Buffer.concat([noExporter, serverIdentity, chainId, conversation, fingerprint]);
  const signature = new FieldWriter()
    .varint(1, suite)
    .bytes(2, fingerprint)
    .bytes(3, await key.sign(proofContext, proven))
    .finish();
  const answer = await stream.ask(frame(proofField, frame(1, signature)));
  const said = fieldOf(fieldOf(answer, provenField), 1);
  if (!said.equals(fingerprint)) throw new Error('the server says that another key is proven');
}
