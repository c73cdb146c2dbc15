import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { hashBytes, type KeyPair, signatureContexts } from '../crypto/index.ts';
import { deletionBytes } from '../event/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import { Conversation, untrue } from './conversation.ts';
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
  const talk = new Conversation(transport, ChainService.method.deleteChain, signal);
  try {
    talk.say({ chainKey: chainKey.text, chainId });
    const { conversationId } = await talk.due('conversation');
    if (conversationId.length !== hashBytes) throw untrue('conversation');
    const { suite, fingerprint } = key.publicKey;
    const wish = deletionBytes({
      exporter: talk.exporter,
      serverFingerprint: opened.serverIdentity.fingerprint,
      chainId,
      conversationId: Buffer.from(conversationId),
      fingerprint,
      head,
    });
    const signature = await key.sign(signatureContexts.deleteChain, wish);
    const signed = { suite, fingerprint, signature };
    const headFields = { size: BigInt(head.size), root: head.root };
    talk.say({ deletion: { head: headFields, signature: signed } });
    talk.halfClose();
    await talk.due('deleted');
  } finally {
    talk.cancel(undefined);
  }
  await context.remembered.forget().catch((error: unknown) => {
    context.onNotice(notRemembered(chainKey.text, asAtedbError(error)));
  });
}
