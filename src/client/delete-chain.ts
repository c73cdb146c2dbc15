import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  DeleteChainRequestSchema,
  DeleteChainResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { hashBytes, type KeyPair, signatureContexts } from '../crypto/index.ts';
import { deletionBytes } from '../event/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import type { ByteStream } from './byte-stream.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import { notRemembered, type OnNotice } from './notice.ts';
import type { OpenedChain } from './opened.ts';
import type { RememberedChain } from './remembered-chain.ts';
import type { Transport } from './transport.ts';

/**
 * Have a chain deleted, as it is known here: its id and its head are in what is signed.
 *
 * @param closed fires when the chain is closed.
 * @returns when it is gone.
 * @throws AtedbError as `Chain.delete`.
 */
export async function deleteChain(
  context: {
    readonly transport: Transport;
    readonly opener: ChainOpener;
    readonly remembered: RememberedChain;
    readonly loadKey: () => Promise<KeyPair>;
    readonly closed: AbortSignal;
    readonly onNotice: OnNotice;
  },
  options: CallOptions,
): Promise<void> {
  const { transport, opener, loadKey, closed } = context;
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  const key = await loadKey();
  const opened = await opener.open({ signal });
  const { genesis, head } = opened.chain as OpenedChain;
  signal.throwIfAborted();
  const { chainId, chainKey } = genesis;
  const stream = transport.duplexStream(ChainService.method.deleteChain, signal);
  try {
    stream.write(encode({ chainKey: chainKey.text, chainId }));
    const first = await next(stream);
    if (first.case !== 'conversation' || first.value.conversationId.length !== hashBytes) {
      throw unasked(first.case);
    }
    const { suite, fingerprint } = key.publicKey;
    const wish = deletionBytes({
      serverFingerprint: opened.serverIdentity.fingerprint,
      chainId,
      conversationId: Buffer.from(first.value.conversationId),
      fingerprint,
      head,
    });
    const signature = await key.sign(signatureContexts.deleteChain, wish);
    const signed = { suite, fingerprint, signature };
    const headFields = { size: BigInt(head.size), root: head.root };
    stream.write(encode({ deletion: { head: headFields, signature: signed } }));
    stream.halfClose();
    const last = await next(stream);
    if (last.case !== 'deleted') throw unasked(last.case);
  } finally {
    stream.cancel(undefined);
  }
  await context.remembered.forget().catch((error: unknown) => {
    context.onNotice(notRemembered(chainKey.text, asAtedbError(error)));
  });
}

async function next(stream: ByteStream) {
  const bytes = await stream.read();
  if (bytes === undefined) {
    throw new AtedbError('CONNECTION_FAILED', 'the server has ended the stream before its answer');
  }
  try {
    return fromBinary(DeleteChainResponseSchema, bytes).message;
  } catch (cause) {
    throw new AtedbError('VERIFICATION_FAILED', "the server's answer can't be read", { cause });
  }
}

function encode(request: MessageInitShape<typeof DeleteChainRequestSchema>): Buffer {
  const schema = DeleteChainRequestSchema;
  return Buffer.from(toBinary(schema, create(schema, request)));
}

function unasked(kind: string | undefined): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the server's answer can't be true: it is of kind "${kind}", and another was due`,
  );
}
