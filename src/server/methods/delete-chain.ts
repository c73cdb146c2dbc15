import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChainService,
  type DeleteChainRequest,
  DeleteChainRequestSchema,
  DeleteChainResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain, ChainLease } from '../../chain/index.ts';
import { hashBytes } from '../../crypto/index.ts';
import type { TreeHead } from '../../event/index.ts';
import { verifyDeletion } from '../../trust/index.ts';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage } from '../method.ts';
import {
  type ChainServiceDeps,
  checkLength,
  openRequested,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { fromSignature } from './from-message.ts';
import { toTreeHead } from './to-message.ts';

/** `DeleteChain`: a root says on a stream of its own, and for this stream alone, that its chain is to go. */
export function deleteChain(deps: ChainServiceDeps) {
  return bidiStream(ChainService.method.deleteChain, async (call) => {
    const conversationId = randomBytes(hashBytes);
    let lease: ChainLease | undefined;
    try {
      for await (const bytes of call.requests) {
        call.free(bytes.length);
        const request = decodeRequest(DeleteChainRequestSchema, bytes);
        if (lease === undefined) {
          lease = await openMeant(deps, request, call);
          // Whoever only asks holds up nobody who deletes it meanwhile.
          const release = lease[Symbol.dispose].bind(lease);
          lease.chain.ended.addEventListener('abort', release, { signal: call.signal });
          await send(call, { case: 'conversation', value: { conversationId } });
        } else {
          await deleteAsWished(deps, lease, request, conversationId, call);
          return;
        }
      }
    } finally {
      lease?.[Symbol.dispose]();
    }
  });
}

async function openMeant(
  deps: ChainServiceDeps,
  request: DeleteChainRequest,
  call: DuplexCall,
): Promise<ChainLease> {
  if (request.deletion !== undefined) {
    throw requestInvalid('deletion', 'it is for the conversation that the first message asks for');
  }
  checkLength('chain_id', request.chainId, hashBytes);
  return openRequested(deps, request, call);
}

async function deleteAsWished(
  deps: ChainServiceDeps,
  lease: ChainLease,
  request: DeleteChainRequest,
  conversationId: Buffer,
  call: DuplexCall,
): Promise<void> {
  const { deletion } = request;
  if (request.chainKey !== '' || request.chainId.length > 0 || deletion?.head === undefined) {
    throw requestInvalid('deletion', 'it is the second message, and has a head and a signature');
  }
  const { chain } = lease;
  chain.ended.throwIfAborted();
  const { authority, genesis } = chain;
  const signature = fromSignature('deletion.signature', deletion.signature);
  const size = requestInteger('deletion.head.size', deletion.head.size);
  checkLength('deletion.head.root', deletion.head.root, hashBytes);
  const head = { size, root: Buffer.from(deletion.head.root) };
  await verifyDeletion(signature, authority, {
    exporter: call.exporter,
    serverFingerprint: deps.identity.fingerprint,
    chainId: genesis.chainId,
    conversationId,
    head,
  });
  await checkHead(chain, head);
  const wish = encodeMessage(DeleteChainRequestSchema, request);
  const { signal } = call;
  signal.throwIfAborted();
  await deps.registry.delete(lease, wish);
  const { head: last, nextSequence } = chain.log.durable;
  call.logger.info(
    { chain: chain.key.text, by: signature.fingerprint.toString('hex') },
    'a chain was deleted',
  );
  const value = { head: toTreeHead(last), nextSequence: BigInt(nextSequence) };
  await send(call, { case: 'deleted', value });
}

/** Refuse what was signed of another history than this chain has: it may have been restored since. */
async function checkHead(chain: Chain, head: TreeHead): Promise<void> {
  const { size } = head;
  const isKnown = size > 0 && size <= chain.log.durable.head.size;
  if (isKnown && (await chain.log.tree.rootAt(size)).equals(head.root)) return;
  throw new AtedbError(
    'AS_OF_INVALID',
    `the signature names a head of ${size} commits that this chain never had. Open it again and compare heads`,
    { metadata: { as_of_size: String(size) } },
  );
}

async function send(
  call: DuplexCall,
  message: NonNullable<MessageInitShape<typeof DeleteChainResponseSchema>['message']>,
): Promise<void> {
  await call.send(encodeMessage(DeleteChainResponseSchema, { message }));
}
