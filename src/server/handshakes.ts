import { availableParallelism } from 'node:os';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { HandshakeRequestSchema, HandshakeResponseSchema } from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  answerHello,
  type IdentitySigner,
  type KeyBits,
  type PendingSession,
  type SessionTable,
  type SessionTerms,
} from '../wire/index.ts';
import type { ServerLimits } from './limits.ts';
import { type BidiStreamMethod, type DuplexCall, decodeRequest, encodeMessage } from './method.ts';
import { ownerOf } from './peer-owner.ts';
import { type LimitOf, Places } from './places.ts';
import { SigningQueue } from './signing-queue.ts';

type HandshakeLimits = Pick<
  ServerLimits,
  | 'handshakesMax'
  | 'handshakesPerAddressMax'
  | 'handshakeMs'
  | 'sessionLifetimeMs'
  | 'sessionIdleMs'
  | 'sessionBytesMax'
>;

/** What handshakes need of the server. */
export interface HandshakeDeps {
  readonly identity: IdentitySigner;
  /** Statements by which identity keys before it have passed on to it, the oldest first. */
  readonly rotations: readonly Buffer[];
  /** The smallest size of keys that is taken; undefined: the server requires no encryption, and gives it to those who ask. */
  readonly required: KeyBits | undefined;
  readonly sessions: SessionTable;
  readonly limits: HandshakeLimits;
}

/** The identity key, which signs in turn, and off the event loop. */
export function signingInTurn(identity: KeyPair): IdentitySigner {
  const queue = new SigningQueue({ atOnceMax: availableParallelism(), toldPerSecondMax: 1 });
  return {
    publicKey: identity.publicKey,
    sign: (context, message) => queue.run('asked', () => identity.sign(context, message)),
  };
}

/** `Handshake`: agrees on keys for a session. What it takes is bounded before anything costly is done. */
export function handshake(deps: HandshakeDeps): BidiStreamMethod {
  const { handshakesMax: max, handshakesPerAddressMax: perAddressMax } = deps.limits;
  const places = new Places({ max, perAddressMax, refusal: tooMany });
  return {
    kind: 'bidi_streaming',
    hasOwnLimit: true,
    handle: async (call) => {
      const leave = places.enter({ peer: call.peer });
      try {
        await within(deps.limits.handshakeMs, shakeHands(deps, call));
      } finally {
        leave();
      }
    },
  };
}

async function shakeHands(deps: HandshakeDeps, call: DuplexCall): Promise<void> {
  let pending: PendingSession | undefined;
  try {
    for await (const bytes of call.requests) {
      const { message, onlyIfRequired } = decodeRequest(HandshakeRequestSchema, bytes);
      if (pending === undefined) {
        if (message.case !== 'clientHello') throw unexpected('client_hello', 'first');
        if (onlyIfRequired && deps.required === undefined) throw notRequired();
        const { identity, rotations, required: keyBits = 128 } = deps;
        const hello = Buffer.from(message.value);
        const terms = termsOf(deps.limits);
        const answered = await answerHello(hello, { keyBits, identity, rotations, terms });
        pending = answered.pending;
        await send(call, { case: 'serverHello', value: answered.serverHello });
      } else {
        if (message.case !== 'clientFinished') throw unexpected('client_finished', 'second');
        const session = pending.accept(Buffer.from(message.value));
        pending = undefined;
        deps.sessions.add(session, ownerOf(call.peer));
        await send(call, { case: 'established', value: {} });
        return;
      }
    }
  } finally {
    pending?.discard();
  }
}

function termsOf(limits: HandshakeLimits): SessionTerms {
  const { sessionLifetimeMs: lifetimeMs, sessionIdleMs: idleMs } = limits;
  return { lifetimeMs, idleMs, bytesMax: limits.sessionBytesMax };
}

async function send(
  call: DuplexCall,
  message: NonNullable<MessageInitShape<typeof HandshakeResponseSchema>['message']>,
): Promise<void> {
  await call.send(encodeMessage(HandshakeResponseSchema, { message }));
}

/** What is cut off by the limit ends with the call. */
async function within(limitMs: number, done: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooSlow(limitMs)), limitMs).unref();
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
    done.catch(() => undefined);
  }
}

function tooSlow(limitMs: number): AtedbError {
  return new AtedbError(
    'REQUEST_TOO_SLOW',
    `a handshake must be done within ${limitMs} ms, and this one wasn't; begin again`,
    { metadata: { limit_ms: String(limitMs) } },
  );
}

function tooMany(limit: number, of: LimitOf): AtedbError {
  const whose = of === 'address' ? 'of your address' : 'on this server';
  return new AtedbError(
    'TOO_MANY_HANDSHAKES',
    `${limit} handshakes ${whose} are under way, which is the limit; retry later`,
    { metadata: { limit_handshakes: String(limit) } },
  );
}

function notRequired(): AtedbError {
  return new AtedbError(
    'WIRE_NOT_REQUIRED',
    'this server requires no encryption, and it was to be had only if it did: call without',
  );
}

function unexpected(due: string, place: string): AtedbError {
  return new AtedbError(
    'WIRE_HANDSHAKE_FAILED',
    `the ${place} message of a handshake is ${due}, and it was another`,
  );
}
