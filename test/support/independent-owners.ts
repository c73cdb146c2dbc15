import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type AuthAnswerHeader,
  AuthAnswerHeaderSchema,
  AuthAnswerSchema,
} from '../../gen/atedb/v1/answer_pb.js';
import {
  EventHeaderSchema,
  EventKind,
  type PublicKey,
  SealHeaderSchema,
} from '../../gen/atedb/v1/event_pb.js';
import {
  IdentityRotationHeaderSchema,
  IdentityRotationSchema,
} from '../../gen/atedb/v1/identity_pb.js';
import { LogSegmentSchema } from '../../gen/atedb/v1/log_pb.js';

// Who owns a chain, decided once more, from docs/trust.md ("Owners") and generated stubs alone: it shares no code with src/.

/** Verdicts that follow from who keeps a chain and whose it is, and from nothing else. */
export const ownerReasons: readonly string[] = [
  'AUTH_ANSWER_INVALID',
  'AUTH_ANSWER_EXPIRED',
  'OWNER_REMOVED',
];

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

/** docs/format.md, "fingerprint of a key". */
function nameOf(key: PublicKey | undefined): string {
  if (key === undefined) return '';
  const tag = Buffer.from('atedb/v1/key');
  const kem = key.kemSuite === 0 ? [Buffer.of(0)] : [Buffer.of(key.kemSuite), key.kemKey];
  const hash = createHash('sha256').update(Buffer.of(tag.length)).update(tag);
  for (const part of [Buffer.of(key.suite), key.key, ...kem]) hash.update(part);
  return hash.digest('hex');
}

/** What an answer says but for its times, as text. */
function wordsOf(answer: AuthAnswerHeader): string {
  const { owner, version, roots, writers, admitted, unverified, removed } = answer;
  const keys = [roots.map(nameOf), writers.map(nameOf), admitted.map(hex)];
  return JSON.stringify([owner, String(version), keys, unverified, removed]);
}

/** Who keeps a chain, and who says whose it is. */
interface Owners {
  readonly server: string;
  readonly service: string;
  readonly answer: AuthAnswerHeader | undefined;
}

/** Decides on the batches of a history as far as owners go. */
export class IndependentOwners {
  #is: Owners;

  /** @param header of the genesis event. */
  constructor(header: Uint8Array) {
    const { genesis } = fromBinary(EventHeaderSchema, header);
    const held = genesis?.authAnswer ?? new Uint8Array();
    this.#is = {
      server: nameOf(genesis?.serverIdentity),
      service: nameOf(genesis?.authIdentity),
      answer: held.length === 0 ? undefined : answerIn(held),
    };
  }

  /**
   * Decide on a batch; one that is taken counts for those behind it.
   *
   * @returns why it is refused; undefined: not for what it says of owners, or not for their sake.
   */
  take(run: Uint8Array, timeUnixMs: number): string | undefined {
    const { events, seals } = fromBinary(LogSegmentSchema, run);
    const headers = events.map(({ header }) => fromBinary(EventHeaderSchema, header));
    const isServers = headers.some(
      ({ kind }) => kind === EventKind.AUTH_ANSWER || kind === EventKind.SERVER_IDENTITY,
    );
    if (!isServers) return this.#forOthers(timeUnixMs);
    let next = this.#is;
    let reason: string | undefined;
    let serverNow = next.server;
    for (const { kind, authAnswer, serverIdentity } of headers) {
      if (kind === EventKind.SERVER_IDENTITY) {
        const { header } = fromBinary(IdentityRotationSchema, serverIdentity);
        const { oldIdentity, newIdentity } = fromBinary(IdentityRotationHeaderSchema, header);
        const [from, to] = [nameOf(oldIdentity), nameOf(newIdentity)];
        if (from === serverNow) serverNow = to;
        if (from !== next.server && from !== next.service) reason ??= 'BATCH_INVALID';
        next = {
          ...next,
          server: from === next.server ? to : next.server,
          service: from === next.service ? to : next.service,
        };
        continue;
      }
      const answer = answerIn(authAnswer);
      if (!follows(answer, next, timeUnixMs)) reason ??= 'AUTH_ANSWER_INVALID';
      next = { ...next, answer };
    }
    const seal = fromBinary(SealHeaderSchema, seals[0]?.header ?? new Uint8Array());
    if (serverNow === '' || hex(seal.fingerprint) !== serverNow) return 'KEY_NOT_ALLOWED';
    if (reason === undefined) this.#is = next;
    return reason;
  }

  #forOthers(timeUnixMs: number): string | undefined {
    const { answer } = this.#is;
    if (answer?.removed) return 'OWNER_REMOVED';
    const isOver = answer !== undefined && timeUnixMs >= Number(answer.expiresUnixMs);
    return isOver ? 'AUTH_ANSWER_EXPIRED' : undefined;
  }
}

function answerIn(message: Uint8Array): AuthAnswerHeader {
  return fromBinary(AuthAnswerHeaderSchema, fromBinary(AuthAnswerSchema, message).header);
}

/** Whether an answer counts behind the one that a chain has. */
function follows(next: AuthAnswerHeader, { answer, service }: Owners, timeUnixMs: number): boolean {
  if (answer === undefined || nameOf(next.identity) !== service) return false;
  if (next.owner !== answer.owner || Number(next.expiresUnixMs) <= timeUnixMs) return false;
  if (next.version !== answer.version) return next.version > answer.version;
  const isLonger = next.expiresUnixMs > answer.expiresUnixMs;
  return isLonger && next.changed.length === 0 && wordsOf(next) === wordsOf(answer);
}
