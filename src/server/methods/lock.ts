import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChainService,
  type LockRequest,
  LockRequestSchema,
  LockResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { LockHolder } from '../../chain/index.ts';
import { hashBytes } from '../../crypto/index.ts';
import type { SignatureView } from '../../event/index.ts';
import { checkMayLock, issuerOfPath, type LockClaim, verifyLockProof } from '../../trust/index.ts';
import { bidiStream, type DuplexCall, decodeRequest, encodeMessage } from '../method.ts';
import { SilenceTimer } from '../silence-timer.ts';
import {
  type AdmittedLease,
  type ChainServiceDeps,
  checkLength,
  openRequested,
  requestInvalid,
} from './deps.ts';
import { fromDelegations, fromPublicKey, fromSignature } from './from-message.ts';

const ttlDefaultMs = 15_000;
const ttlMinMs = 500;
const ttlMaxMs = 600_000;
const primaryKeyBytes = 16;

/** `Lock`: the lease on one object, for as long as the stream lasts. */
export function lock(deps: ChainServiceDeps) {
  return bidiStream(ChainService.method.lock, async (call) => {
    const stream = new LockStream(deps, call);
    try {
      await stream.run();
    } finally {
      stream.close();
    }
  });
}

/** What a stream wants to lock, on which chain. */
interface Wanted {
  readonly lease: AdmittedLease;
  readonly claim: LockClaim;
  readonly noWait: boolean;
  readonly ttlMs: number;
}

/** One lock stream. */
class LockStream implements LockHolder {
  readonly #deps: ChainServiceDeps;
  readonly #call: DuplexCall;
  /** What the proof on this stream is made for. */
  readonly #conversationId = randomBytes(hashBytes);
  readonly #failure = Promise.withResolvers<never>();
  #wanted: Wanted | undefined;
  #isProven = false;
  #closed = false;
  #silence: SilenceTimer | undefined;

  constructor(deps: ChainServiceDeps, call: DuplexCall) {
    this.#deps = deps;
    this.#call = call;
    // It is awaited by `run`, which may be over before.
    this.#failure.promise.catch(() => undefined);
  }

  async run(): Promise<void> {
    await Promise.race([this.#takeAll(), this.#failure.promise]);
  }

  /** The stream has ended: what it held is free. */
  close(): void {
    this.#closed = true;
    this.#silence?.stop();
    const { lease } = this.#wanted ?? {};
    lease?.chain.locks.leave(this);
    lease?.[Symbol.dispose]();
    this.#wanted = undefined;
  }

  checkRight(): void {
    const { lease, claim } = this.#wanted ?? {};
    if (lease === undefined || claim === undefined) throw new Error('a closed stream has no right');
    lease.admission.check();
    const { authority, key } = lease.chain;
    const place = { chainKey: key.text, timeUnixMs: lease.chain.nextTimeUnixMs() };
    checkMayLock(claim, authority, place);
  }

  granted(token: number): void {
    // A caller that is gone is noticed where it is read from.
    this.#send({ case: 'granted', value: { token: BigInt(token) } }).catch(() => undefined);
  }

  lost(error: unknown): void {
    this.#failure.reject(error);
  }

  async #takeAll(): Promise<void> {
    for await (const bytes of this.#call.requests) {
      this.#call.free(bytes.length);
      this.#silence?.heard();
      await this.#take(decodeRequest(LockRequestSchema, bytes));
      if (this.#closed) return;
    }
  }

  async #take(request: LockRequest): Promise<void> {
    const { message } = request;
    if (this.#wanted === undefined) {
      if (message.case !== 'lock') {
        throw requestInvalid('message', "a stream's first message says what is to be locked");
      }
      await this.#want(request);
    } else if (request.chainKey !== '' || request.chainId.length > 0) {
      throw requestInvalid('chain_key', 'a stream is for one chain, that its first message names');
    } else if (message.case === 'proof') {
      await this.#prove(fromSignature('proof', message.value.signature), this.#wanted);
    } else if (message.case === 'alive') {
      // Rights are looked at when they change; so this finds none lost, but for a defect.
      this.checkRight();
      await this.#send({ case: 'alive', value: {} });
    } else {
      throw requestInvalid(
        'message',
        'a stream locks one object; lock others on streams of theirs',
      );
    }
  }

  async #want(request: LockRequest): Promise<void> {
    const { claim, noWait, ttlMs } = readLock(request);
    const lease = await openRequested(this.#deps, request, this.#call);
    if (this.#closed) {
      lease[Symbol.dispose]();
      return;
    }
    this.#wanted = { lease, claim, noWait, ttlMs };
    const { ended } = lease.chain;
    const { signal } = this.#call;
    ended.addEventListener('abort', () => this.lost(ended.reason), { signal });
    this.checkRight();
    this.#silence = new SilenceTimer(ttlMs, () => this.lost(leaseLost(ttlMs)));
    const conversationId = this.#conversationId;
    await this.#send({ case: 'conversation', value: { conversationId } });
  }

  async #prove(proof: SignatureView, { lease, claim, noWait }: Wanted): Promise<void> {
    if (this.#isProven) throw requestInvalid('proof', 'the key is proven already');
    const { genesis, authority } = lease.chain;
    const ties = {
      exporter: this.#call.exporter,
      serverFingerprint: this.#deps.identity.fingerprint,
      chainId: genesis.chainId,
      conversationId: this.#conversationId,
    };
    const shown = claim.issuer === undefined ? [] : [claim.issuer];
    const issuer = issuerOfPath(claim.path, authority.keys, shown);
    await verifyLockProof(proof, claim, ties, issuer);
    if (this.#closed) return;
    this.#isProven = true;
    const ahead = lease.chain.locks.enter(claim.primaryKey, this, { noWait });
    if (ahead > 0) await this.#send({ case: 'waiting', value: { ahead } });
  }

  async #send(
    message: NonNullable<MessageInitShape<typeof LockResponseSchema>['message']>,
  ): Promise<void> {
    await this.#call.send(encodeMessage(LockResponseSchema, { message }));
  }
}

function leaseLost(ttlMs: number): AtedbError {
  return new AtedbError(
    'LEASE_LOST',
    `nothing came on the stream for ${ttlMs} ms, so the lease has ended, or the wait for it. Lock again`,
    { metadata: { ttl_ms: String(ttlMs) } },
  );
}

function readLock({ message }: LockRequest): { claim: LockClaim; noWait: boolean; ttlMs: number } {
  if (message.case !== 'lock') throw new Error('the caller has looked');
  const { primaryKey, parent, label, key, ttlMs, noWait, delegations, issuer } = message.value;
  checkLength('primary_key', primaryKey, primaryKeyBytes);
  if (ttlMs !== 0 && (ttlMs < ttlMinMs || ttlMs > ttlMaxMs)) {
    throw requestInvalid('ttl_ms', `it is ${ttlMs}, and must be from ${ttlMinMs} to ${ttlMaxMs}`);
  }
  const claim = {
    primaryKey: Buffer.from(primaryKey),
    parent: optionalKey('parent', parent),
    label: optionalKey('label', label),
    key: fromPublicKey('key', key),
    path: fromDelegations(delegations),
    issuer: issuer && fromPublicKey('issuer', issuer),
  };
  return { claim, noWait, ttlMs: ttlMs === 0 ? ttlDefaultMs : ttlMs };
}

function optionalKey(field: string, bytes: Uint8Array): Buffer | undefined {
  if (bytes.length === 0) return undefined;
  checkLength(field, bytes, primaryKeyBytes);
  return Buffer.from(bytes);
}
