import { toBinary } from '@bufbuild/protobuf';
import { ChainService, type TicketChallenge } from '../../gen/atedb/v1/chain_pb.js';
import { IdentityRotationSchema } from '../../gen/atedb/v1/identity_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { hashBytes, type KeyPair, PublicKey, signatureContexts } from '../crypto/index.ts';
import { type ChainKey, type DelegatedRight, ticketProofBytes } from '../event/index.ts';
import { type IdentityLine, verifyIdentityLine } from '../trust/index.ts';
import type { TicketSource } from './admitted-stream.ts';
import { abortable, CallScope } from './cancellation.ts';
import { Conversation, untrue } from './conversation.ts';
import { shownRight } from './shown-right.ts';
import { type Transport, timeoutDefaultMs } from './transport.ts';

/** What tickets are asked for with. */
export interface ChainTicketOptions {
  readonly transport: Transport;
  readonly chainKey: ChainKey;
  /** The keys that there are to open the chain with; the first is used. */
  readonly loadKeys: () => Promise<readonly KeyPair[]>;
  /** By which the key is let in; undefined: by rules that name it. */
  readonly right: DelegatedRight | undefined;
  /**
   * Refuses a challenge for another chain or server than is known here, before anything is signed.
   *
   * @throws AtedbError CHAIN_ID_MISMATCH, SERVER_IDENTITY_MISMATCH.
   */
  readonly check: (challenge: { chainId: Buffer; serverLine: IdentityLine }) => Promise<void>;
}

/** More than any server needs, and little enough for metadata. */
const ticketBytesMax = 1_024;

/** So long before a ticket is too old, it isn't used any more: a call takes its time to arrive. */
const marginMs = 30_000;

/** The ticket for one private chain, asked for when a call was refused without. */
export class ChainTicket implements TicketSource {
  readonly #options: ChainTicketOptions;
  #ticket: { readonly bytes: Buffer; readonly untilMs: number } | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: ChainTicketOptions) {
    this.#options = options;
  }

  get current(): Buffer | undefined {
    const { bytes, untilMs = 0 } = this.#ticket ?? {};
    return performance.now() < untilMs ? bytes : undefined;
  }

  async renew(used: Buffer | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { current } = this;
    // Another call has got one meanwhile.
    if (current !== undefined && current !== used) return;
    this.#renewing ??= this.#ask().finally(() => {
      this.#renewing = undefined;
    });
    await (signal === undefined ? this.#renewing : abortable(this.#renewing, signal));
  }

  async #ask(): Promise<void> {
    this.#ticket = undefined;
    const { transport, chainKey, loadKeys, right } = this.#options;
    const [key] = await loadKeys();
    if (key === undefined) throw noKey(chainKey);
    using scope = new CallScope({ timeoutMs: timeoutDefaultMs });
    const talk = new Conversation(transport, ChainService.method.getTicket, scope.signal);
    try {
      const askedMs = performance.now();
      talk.say({
        chainKey: chainKey.text,
        key: key.publicKey.toFields(),
        ...shownRight(right),
      });
      const challenge = await talk.due('challenge');
      talk.say({ proof: await this.#prove(key, challenge, talk.exporter) });
      talk.halfClose();
      const { ticket, validMs } = await talk.due('ticket');
      if (ticket.length > ticketBytesMax) throw untrue('ticket');
      this.#ticket = { bytes: Buffer.from(ticket), untilMs: askedMs + validMs - marginMs };
    } finally {
      talk.cancel(undefined);
    }
  }

  async #prove(key: KeyPair, challenge: TicketChallenge, exporter: Buffer | undefined) {
    const { transport, chainKey, check } = this.#options;
    const { conversationId, chainId } = challenge;
    if (conversationId.length !== hashBytes || chainId.length !== hashBytes) {
      throw untrue('challenge');
    }
    const serverLine = await lineOf(challenge);
    transport.checkProven(serverLine.identity);
    await check({ chainId: Buffer.from(chainId), serverLine });
    const { suite, fingerprint } = key.publicKey;
    const claim = ticketProofBytes({
      exporter,
      serverFingerprint: serverLine.identity.fingerprint,
      chainId: Buffer.from(chainId),
      conversationId: Buffer.from(conversationId),
      fingerprint,
      chainKey,
    });
    const signature = await key.sign(signatureContexts.ticket, claim);
    return { signature: { suite, fingerprint, signature } };
  }
}

async function lineOf({
  serverIdentity,
  identityRotations,
}: TicketChallenge): Promise<IdentityLine> {
  const rotations = identityRotations.map((one) =>
    Buffer.from(toBinary(IdentityRotationSchema, one)),
  );
  try {
    if (serverIdentity !== undefined) {
      return await verifyIdentityLine(PublicKey.fromFields(serverIdentity), rotations);
    }
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
  }
  throw untrue('challenge');
}

function noKey({ text }: ChainKey): AtedbError {
  return new AtedbError(
    'CHAIN_PRIVATE',
    `the chain ${text} is private, and there is no key here to open it with. Make one (atedb key new), and have the chain's owner let it in (atedb share)`,
    { metadata: { chain_key: text } },
  );
}
