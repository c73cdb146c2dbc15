import { AtedbError, chainDelegationsMax, delegationsMax } from '../bytes/index.ts';
import type { ParsedDelegation } from '../event/index.ts';
import { type Act, aboutAct } from './act.ts';
import { countsAt, expired } from './delegation-path.ts';
import type { KeyRing } from './key-ring.ts';
import { deleteEntry, setEntry, type Undo } from './undo.ts';

/** A delegation that a chain knows, as plain data. Keys are in hexadecimal. */
export interface KnownDelegation {
  readonly subject: string;
  readonly issuer: string;
  /** In hexadecimal. */
  readonly serial: string;
  /** Whether it is one to write by. */
  readonly mayWrite: boolean;
  /** Milliseconds since 1970-01-01 UTC; 0: always so far. */
  readonly notBeforeUnixMs: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly expiresUnixMs: number;
}

const none: readonly string[] = [];

/**
 * The delegations that a chain knows: whose events count as whose. They were found good when seals showed them; what counts is looked
 * at for each event, by the time of its commit. Keys are named by the hexadecimal of their fingerprints.
 */
export class Delegations {
  /** By subject, issuer and serial, so that they have one order. */
  readonly #known = new Map<string, KnownDelegation>();
  readonly #bySubject = new Map<string, readonly KnownDelegation[]>();

  constructor(record: readonly KnownDelegation[]) {
    for (const one of record) this.#add(one, []);
  }

  /** As plain data: the same for the same state, however that came about. */
  record(): readonly KnownDelegation[] {
    return [...this.#known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }

  /**
   * Know a path of delegations.
   *
   * @param timeUnixMs those that have expired by then make room.
   * @param keys those that are by, or to, a key that counts no more make room, too: whoever filled a chain with delegations can so be ended.
   * @throws AtedbError TOO_MANY_DELEGATIONS.
   */
  learn(
    path: readonly ParsedDelegation[],
    timeUnixMs: number,
    keys: Pick<KeyRing, 'isChanged'>,
    undo: Undo,
  ): void {
    for (const delegation of path) {
      const one = {
        subject: delegation.subject.fingerprintHex,
        issuer: delegation.issuerHex,
        serial: delegation.serial.toString('hex'),
        mayWrite: delegation.mayWrite,
        notBeforeUnixMs: delegation.notBeforeUnixMs,
        expiresUnixMs: delegation.expiresUnixMs,
      };
      if (this.#known.has(nameOf(one))) continue;
      if (this.#known.size >= chainDelegationsMax) this.#makeRoom(timeUnixMs, keys, undo);
      this.#add(one, undo);
    }
  }

  /**
   * Keys that events of another one count as, by delegations to it that count: that key's issuers, and theirs.
   *
   * @param timeUnixMs of the commit.
   */
  standsFor(actor: string, timeUnixMs: number, keys: KeyRing): readonly string[] {
    // Nearly always.
    if (this.#bySubject.size === 0) return none;
    return this.#issuersOf(
      actor,
      (one) => one.mayWrite && countsAt(one, timeUnixMs) && !keys.isChanged(one.issuer),
    );
  }

  /** Keys that have delegated to another one, themselves or by others, whether or not that counts. */
  givenBy(subject: string): readonly string[] {
    return this.#issuersOf(subject, () => true);
  }

  /** What an event is refused with that would be allowed if a delegation counted at its time; undefined: another reason. */
  lateFor(act: Act, allows: (actors: readonly string[]) => boolean): AtedbError | undefined {
    const { actors, delegableAtMs: timeUnixMs } = act;
    if (this.#bySubject.size === 0 || timeUnixMs === undefined) return undefined;
    const subjects = actors.flatMap((actor) => [actor, ...this.givenBy(actor)]);
    if (!allows(subjects)) return undefined;
    const all = subjects.flatMap((subject) => this.#bySubject.get(subject) ?? []);
    const late = all.find((one) => one.mayWrite && !countsAt(one, timeUnixMs));
    if (late === undefined) return undefined;
    const { serial, issuer, subject } = late;
    const metadata = { ...aboutAct(act), serial, issuer, fingerprint: subject };
    return expired(late, metadata, timeUnixMs);
  }

  #issuersOf(actor: string, counts: (one: KnownDelegation) => boolean): readonly string[] {
    const found = new Set<string>();
    let reached = [actor];
    // Paths may meet and lead in a circle: each key is passed once, by its shortest path.
    for (let steps = 0; steps < delegationsMax && reached.length > 0; steps += 1) {
      const given = reached.flatMap((subject) => this.#bySubject.get(subject) ?? []);
      const issuers = given.filter(counts).map(({ issuer }) => issuer);
      reached = [...new Set(issuers)].filter((issuer) => issuer !== actor && !found.has(issuer));
      for (const issuer of reached) found.add(issuer);
    }
    return [...found];
  }

  #add(one: KnownDelegation, undo: Undo): void {
    setEntry(this.#known, nameOf(one), one, undo);
    const others = this.#bySubject.get(one.subject) ?? [];
    setEntry(this.#bySubject, one.subject, [...others, one], undo);
  }

  #makeRoom(timeUnixMs: number, keys: Pick<KeyRing, 'isChanged'>, undo: Undo): void {
    for (const [name, one] of [...this.#known]) {
      const hasEnded = keys.isChanged(one.subject) || keys.isChanged(one.issuer);
      if (!hasEnded && one.expiresUnixMs > timeUnixMs) continue;
      deleteEntry(this.#known, name, undo);
      const others = (this.#bySubject.get(one.subject) ?? []).filter((other) => other !== one);
      if (others.length > 0) setEntry(this.#bySubject, one.subject, others, undo);
      else deleteEntry(this.#bySubject, one.subject, undo);
    }
    if (this.#known.size < chainDelegationsMax) return;
    throw new AtedbError(
      'TOO_MANY_DELEGATIONS',
      `the chain knows ${chainDelegationsMax} delegations that haven't expired or ended, which is the limit; end the key that has given many of them, wait until some expire, or write with a key that its rules name`,
      { metadata: { limit_delegations: String(chainDelegationsMax) } },
    );
  }
}

function nameOf({ subject, issuer, serial }: KnownDelegation): string {
  return `${subject} ${issuer} ${serial}`;
}
