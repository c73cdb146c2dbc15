import { AtedbError, timeText } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Batch, Genesis, ParsedAuthAnswer, ParsedIdentityRotation } from '../event/index.ts';
import type { KeyRing } from './key-ring.ts';
import type { Undo } from './undo.ts';

/** What the auth service of a chain has said last of its owner, but for the roots and writers that it named: see `KeyRing`. */
export interface OwnerRecord {
  /** `name@domain`, or the name of a group. */
  readonly owner: string;
  /** The identity of the auth service now. */
  readonly identity: PublicKey;
  readonly version: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly issuedUnixMs: number;
  /** From then on it counts no more. Milliseconds since 1970-01-01 UTC. */
  readonly expiresUnixMs: number;
  /** Fingerprints in hexadecimal, sorted. */
  readonly admitted: readonly string[];
  readonly isUnverified: boolean;
  readonly isRemoved: boolean;
}

/** Who keeps a chain, and who says whose it is, as plain data. */
export interface OwnershipRecord {
  /** The identity of the server now; undefined in distributed chains. */
  readonly serverIdentity?: PublicKey | undefined;
  /** Undefined in chains without an auth service. */
  readonly owner?: OwnerRecord | undefined;
}

/** What the genesis of a chain says of it. */
export function ownershipOf({ serverIdentity, answer }: Genesis): OwnershipRecord {
  if (answer === undefined) return { serverIdentity };
  return { serverIdentity, owner: recordOf(answer, answer.identity) };
}

function recordOf(answer: ParsedAuthAnswer, identity: PublicKey): OwnerRecord {
  const { version, issuedUnixMs, expiresUnixMs, isUnverified, isRemoved } = answer;
  const owner = answer.owner.text;
  const admitted = answer.admitted.map((fingerprint) => fingerprint.toString('hex'));
  return {
    ...{ owner, identity, version, issuedUnixMs, expiresUnixMs },
    ...{ admitted, isUnverified, isRemoved },
  };
}

/** Who keeps a chain, and who says whose it is: changed by what the server adds, and by nothing else. */
export class Ownership {
  #serverIdentity: PublicKey | undefined;
  #owner: OwnerRecord | undefined;

  constructor({ serverIdentity, owner }: OwnershipRecord) {
    this.#serverIdentity = serverIdentity;
    this.#owner = owner;
  }

  /** As plain data. */
  record(): OwnershipRecord {
    return { serverIdentity: this.#serverIdentity, owner: this.#owner };
  }

  get serverIdentity(): PublicKey | undefined {
    return this.#serverIdentity;
  }

  /** What the auth service has said last; undefined in chains without one. */
  get owner(): OwnerRecord | undefined {
    return this.#owner;
  }

  /** Whether the auth service lets a key, in hexadecimal, open the chain if it is private. */
  admits(fingerprint: string): boolean {
    return this.#owner?.admitted.includes(fingerprint) === true;
  }

  /**
   * Refuse whatever isn't the server's own, where nobody says any more whose keys count.
   *
   * @param timeUnixMs of the commit: milliseconds since 1970-01-01 UTC.
   * @throws AtedbError OWNER_REMOVED, AUTH_ANSWER_EXPIRED.
   */
  checkTakes(timeUnixMs: number): void {
    if (this.#owner === undefined) return;
    const { owner, expiresUnixMs, isRemoved } = this.#owner;
    if (isRemoved) {
      throw new AtedbError(
        'OWNER_REMOVED',
        `the account ${owner} was removed, so its chains take nothing any more. They can be read`,
        { metadata: { owner } },
      );
    }
    if (timeUnixMs < expiresUnixMs) return;
    throw new AtedbError(
      'AUTH_ANSWER_EXPIRED',
      `what the auth service has said of ${owner} counts since ${timeText(expiresUnixMs)} no more, so the chain takes nothing until it can be asked again. It can be read. Try again later, or have the auth service looked after`,
      { metadata: { owner, expired_unix_ms: String(expiresUnixMs) } },
    );
  }

  /**
   * Have the state after a batch of the server's own. That it is the server's was found by `serverOf`.
   *
   * @param timeUnixMs of its commit: milliseconds since 1970-01-01 UTC.
   * @throws AtedbError AUTH_ANSWER_INVALID, BATCH_INVALID, naming the event.
   */
  decide(batch: Batch, timeUnixMs: number, keys: KeyRing, undo: Undo): void {
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kindOf(index) === 'server_identity') {
        this.#rotate(index, batch.rotationOf(index), undo);
      } else this.#answer(index, batch.answerOf(index), { timeUnixMs, keys, undo });
    }
  }

  /** An identity is followed by another one: the server's, the auth service's, or both where that is in the server. */
  #rotate(index: number, { oldIdentity, newIdentity }: ParsedIdentityRotation, undo: Undo): void {
    const is = (key: PublicKey | undefined) => key?.fingerprint.equals(oldIdentity.fingerprint);
    const owner = this.#owner;
    const isServers = is(this.#serverIdentity);
    const isServices = is(owner?.identity);
    if (isServers !== true && isServices !== true) {
      throw new AtedbError(
        'BATCH_INVALID',
        `event ${index}: the identity ${oldIdentity.fingerprintHex} is followed by another one, and is neither the server's nor its auth service's now`,
        { metadata: { event_index: String(index), fingerprint: oldIdentity.fingerprintHex } },
      );
    }
    this.#set(
      {
        serverIdentity: isServers === true ? newIdentity : this.#serverIdentity,
        owner: owner && isServices === true ? { ...owner, identity: newIdentity } : owner,
      },
      undo,
    );
  }

  #answer(
    index: number,
    answer: ParsedAuthAnswer,
    at: { readonly timeUnixMs: number; readonly keys: KeyRing; readonly undo: Undo },
  ): void {
    const { timeUnixMs, keys, undo } = at;
    const before = this.#owner;
    if (before === undefined) throw invalid(index, 'the chain has no auth service');
    checkFollows(index, answer, before);
    if (answer.version === before.version) checkSame(index, answer, before, keys);
    if (answer.expiresUnixMs <= timeUnixMs) {
      throw invalid(index, `it counts no more since ${timeText(answer.expiresUnixMs)}`);
    }
    this.#set(
      { serverIdentity: this.#serverIdentity, owner: recordOf(answer, before.identity) },
      undo,
    );
    keys.setOwners(answer.roots, answer.writers, undo);
    for (const { fingerprint, successor } of answer.changed) {
      keys.follow(fingerprint.toString('hex'), successor?.toString('hex'), undo);
    }
  }

  #set({ serverIdentity, owner }: OwnershipRecord, undo: Undo): void {
    const before = this.record();
    this.#serverIdentity = serverIdentity;
    this.#owner = owner;
    undo.push(() => {
      this.#serverIdentity = before.serverIdentity;
      this.#owner = before.owner;
    });
  }
}

/** Refuse an answer that isn't the next one of a chain. @throws AtedbError AUTH_ANSWER_INVALID. */
function checkFollows(index: number, answer: ParsedAuthAnswer, before: OwnerRecord): void {
  const { owner, identity, version, expiresUnixMs } = answer;
  if (owner.text !== before.owner) {
    throw invalid(index, `it is about ${owner.text}, and the chain is ${before.owner}'s`);
  }
  if (!identity.fingerprint.equals(before.identity.fingerprint)) {
    throw invalid(
      index,
      `it is signed by ${identity.fingerprintHex}, and the auth service is ${before.identity.fingerprintHex}`,
    );
  }
  const isNewer =
    version > before.version ||
    (version === before.version && expiresUnixMs > before.expiresUnixMs);
  if (isNewer) return;
  throw invalid(
    index,
    `it has the version ${version} and counts until ${expiresUnixMs}, and the chain has one of version ${before.version} until ${before.expiresUnixMs}`,
  );
}

/**
 * Refuse an answer that says something else under the same version. Versions count all changes of an account, so it is another account
 * of the same name: the service has lost the first one, and somebody else has the name now.
 *
 * @throws AtedbError AUTH_ANSWER_INVALID.
 */
function checkSame(
  index: number,
  answer: ParsedAuthAnswer,
  before: OwnerRecord,
  keys: KeyRing,
): void {
  const named = [...answer.roots, ...answer.writers].map(({ fingerprintHex }) => fingerprintHex);
  const admitted = answer.admitted.map((fingerprint) => fingerprint.toString('hex'));
  const isSame =
    answer.roots.every(({ fingerprintHex }) => keys.isRoot(fingerprintHex)) &&
    named.join() === keys.owners.join() &&
    admitted.join() === before.admitted.join() &&
    answer.changed.length === 0 &&
    answer.isUnverified === before.isUnverified &&
    answer.isRemoved === before.isRemoved;
  if (isSame) return;
  throw invalid(
    index,
    `it says something else of ${before.owner} than the chain has under the same version ${answer.version}: that is another account of this name`,
  );
}

function invalid(index: number, why: string): AtedbError {
  return new AtedbError(
    'AUTH_ANSWER_INVALID',
    `event ${index}: the answer of the auth service can't be taken: ${why}`,
    { metadata: { event_index: String(index) } },
  );
}
