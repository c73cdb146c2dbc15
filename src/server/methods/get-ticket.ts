import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChainService,
  type GetTicketRequest,
  GetTicketRequestSchema,
  GetTicketResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { hashBytes, type PublicKey } from '../../crypto/index.ts';
import { type ParsedDelegation, parseChainKey } from '../../event/index.ts';
import {
  checkMayOpen,
  checkMayOpenBy,
  type StreamTies,
  verifyTicketProof,
} from '../../trust/index.ts';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage } from '../method.ts';
import { type ChainServiceDeps, checkPinned, requestInvalid } from './deps.ts';
import { fromDelegations, fromPublicKey, fromSignature } from './from-message.ts';
import { toIdentityRotations, toPublicKey } from './to-message.ts';

/** What the first message asks for. */
interface Wanted {
  readonly request: GetTicketRequest;
  readonly key: PublicKey;
  /** To the key; none: it is let in by itself. */
  readonly path: readonly ParsedDelegation[];
  /** That they begin with; undefined: one that the chain knows. */
  readonly issuer: PublicKey | undefined;
}

/** `GetTicket`: a key proves itself on a stream of its own, and is let into a private chain for a while. */
export function getTicket(deps: ChainServiceDeps) {
  return bidiStream(ChainService.method.getTicket, async (call) => {
    const conversationId = randomBytes(hashBytes);
    let wanted: Wanted | undefined;
    for await (const bytes of call.requests) {
      call.free(bytes.length);
      const request = decodeRequest(GetTicketRequestSchema, bytes);
      if (wanted === undefined) {
        if (request.proof !== undefined) {
          throw requestInvalid(
            'proof',
            'it is for the conversation that the first message asks for',
          );
        }
        const path = fromDelegations(request.delegations);
        const issuer = request.issuer && fromPublicKey('issuer', request.issuer);
        wanted = { request, key: fromPublicKey('key', request.key), path, issuer };
        const chainId = await challenge(deps, wanted);
        const serverIdentity = toPublicKey(deps.identity);
        const identityRotations = toIdentityRotations(deps.checkpoints.signer.line);
        const value = { conversationId, chainId, serverIdentity, identityRotations };
        await send(call, { case: 'challenge', value });
      } else {
        const ties = {
          serverFingerprint: deps.identity.fingerprint,
          conversationId,
          exporter: call.exporter,
        };
        const value = await ticketFor(deps, wanted, request, ties);
        await send(call, { case: 'ticket', value });
        return;
      }
    }
  });
}

/** @returns the id of the chain. */
async function challenge(deps: ChainServiceDeps, wanted: Wanted): Promise<Buffer> {
  using lease = await openPrivate(deps, wanted);
  return lease.chain.genesis.chainId;
}

async function ticketFor(
  deps: ChainServiceDeps,
  wanted: Wanted,
  request: GetTicketRequest,
  stream: StreamTies,
) {
  const { chainKey: named, chainId: pinned, key: shown, delegations, proof } = request;
  const saysMore = named !== '' || pinned.length > 0 || shown !== undefined;
  if (saysMore || delegations.length > 0 || proof === undefined) {
    throw requestInvalid('proof', 'it is the second message, and stands there alone');
  }
  const { key, path, issuer } = wanted;
  const signature = fromSignature('proof.signature', proof.signature);
  // No lease is held while a caller takes its time, so the chain may be another one by now, and its rules others.
  using lease = await openPrivate(deps, wanted);
  const { authority, genesis } = lease.chain;
  const { chainKey, chainId } = genesis;
  // Before its right is looked at: who is let in is told to nobody but themselves.
  await verifyTicketProof(signature, key, {
    chainKey,
    chainId,
    ...stream,
  });
  if (path.length === 0) {
    checkMayOpen(key, authority);
    return deps.tickets.issue(chainId, [key.fingerprint]);
  }
  const place = { chainKey: chainKey.text, timeUnixMs: lease.chain.nextTimeUnixMs() };
  await checkMayOpenBy({ path, shown: issuer }, key, authority, place);
  const behind = path.map(({ issuer }) => issuer).reverse();
  const expiresUnixMs = Math.min(...path.map((one) => one.expiresUnixMs));
  return deps.tickets.issue(chainId, [key.fingerprint, ...behind], expiresUnixMs);
}

async function openPrivate(deps: ChainServiceDeps, { request }: Wanted) {
  const lease = await deps.registry.open(parseChainKey(request.chainKey));
  try {
    checkPinned(lease, request.chainId);
    if (lease.chain.genesis.isPrivate === true) {
      deps.owners.used(lease.chain);
      return lease;
    }
    throw requestInvalid('chain_key', `the chain ${request.chainKey} is not private: open it`);
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

async function send(
  call: DuplexCall,
  message: NonNullable<MessageInitShape<typeof GetTicketResponseSchema>['message']>,
): Promise<void> {
  await call.send(encodeMessage(GetTicketResponseSchema, { message }));
}
