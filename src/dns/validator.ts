import { AtedbError } from '../bytes/index.ts';
import { type DenialRecords, proveAbsence, proveExpansion, readNsec, readNsec3 } from './denial.ts';
import { notValidated } from './dns-error.ts';
import {
  isKnownAlgorithm,
  isUsableDigest,
  type KeyDigest,
  namesKey,
  readKeyDigest,
  readZoneKey,
  verifyWith,
  type ZoneKey,
} from './dnssec-keys.ts';
import type { DomainName } from './domain-name.ts';
import { type DnsMessage, type DnsQuestion, type DnsRecord, recordTypes } from './message.ts';
import {
  countedLabels,
  type RecordSet,
  type RecordSignature,
  recordSet,
  recordSetsOf,
  signedBytes,
} from './record-set.ts';
import type { SignatureBudget } from './signature-budget.ts';
import type { TrustAnchor } from './trust-anchors.ts';

/** Keys are looked up again after so long at the latest, whatever their TTL says. */
const keysKeptMsMax = 3_600_000;

/** What a validator works with. */
export interface ValidatorOptions {
  readonly anchors: readonly TrustAnchor[];
  /** Looks up what a name server answers, not validated. */
  readonly ask: (question: DnsQuestion) => Promise<DnsMessage>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The keys that sign a zone, as its anchor or the zone above vouches for them. */
interface ZoneKeys {
  readonly keys: readonly ZoneKey[];
  readonly untilUnixMs: number;
}

/**
 * Checks answers of DNS by their signatures (RFC 4033 to 4035), from a trust anchor down. It knows two verdicts: validated, and an error. What is
 * not signed isn't told from what is forged, since nothing unsigned is taken.
 */
export class Validator {
  readonly #options: ValidatorOptions;
  readonly #zones = new Map<string, Promise<ZoneKeys>>();

  constructor(options: ValidatorOptions) {
    this.#options = options;
  }

  /**
   * Check the records of one name and type.
   *
   * @param others what came with them: where a wildcard was filled in, the proof that the name itself isn't there.
   * @param budget of everything that is checked for one look-up.
   * @throws AtedbError DNS_NOT_VALIDATED; as `ask`.
   */
  async verify(
    set: RecordSet,
    others: readonly DnsRecord[],
    budget: SignatureBudget,
  ): Promise<void> {
    const signature = await this.#verifySet(set, budget);
    if (signature.labels === countedLabels(set.name)) return;
    const records = await this.#denialRecords(set, others, budget);
    // Of the zone itself: hashes of one above it have nothing of any name in it.
    const own = records.find(({ zone }) => zone.equals(signature.signer));
    if (own !== undefined && proveExpansion(set.name, signature.labels, own)) return;
    throw notValidated(
      'absence-unproven',
      set,
      'it was filled in from a wildcard, without a proof that there is nothing of the name itself',
    );
  }

  /**
   * Check that there is nothing of a name and type, and no alias of the name.
   *
   * @param others what the name server said instead.
   * @throws AtedbError DNS_NOT_VALIDATED; as `ask`.
   */
  async verifyAbsence(
    question: DnsQuestion,
    others: readonly DnsRecord[],
    budget: SignatureBudget,
  ): Promise<void> {
    const records = await this.#denialRecords(question, others, budget);
    if (records.some((one) => proveAbsence(question, one))) return;
    const isThere = records.some(({ nsec, nsec3 }) => nsec.length + nsec3.length > 0);
    throw notValidated(
      'absence-unproven',
      question,
      isThere
        ? 'the name server says that there is none, and the signed records that came with that do not prove it'
        : 'the name server says that there is none, and nothing signed that proves it came with that',
    );
  }

  /** What signed records say about names that aren't there, a zone each. Those that don't verify are refused, and not passed over. */
  async #denialRecords(
    question: DnsQuestion,
    others: readonly DnsRecord[],
    budget: SignatureBudget,
  ): Promise<DenialRecords[]> {
    const anchorZone = this.#anchorZone(question);
    const zones = new Map<string, { zone: DomainName; sets: RecordSet[] }>();
    for (const type of [recordTypes.NSEC, recordTypes.NSEC3]) {
      for (const set of recordSetsOf(others, type)) {
        const { signer: zone, labels } = await this.#verifySet(set, budget);
        // One that was filled in itself says nothing about where it stands.
        if (labels !== countedLabels(set.name)) continue;
        // A zone above the anchor's says nothing about what is below that.
        if (!question.name.isWithin(zone) || !zone.isWithin(anchorZone)) continue;
        const entry = zones.get(zone.text) ?? { zone, sets: [] };
        entry.sets.push(set);
        zones.set(zone.text, entry);
      }
    }
    return [...zones.values()].map(({ zone, sets }) => readDenials(zone, sets));
  }

  /** @returns the signature that verifies. */
  async #verifySet(set: RecordSet, budget: SignatureBudget): Promise<RecordSignature> {
    const anchorZone = this.#anchorZone(set);
    if (set.signatures.length === 0) {
      throw notValidated('unsigned', set, 'no signature came with it');
    }
    let failure: AtedbError | undefined;
    for (const signature of set.signatures) {
      try {
        this.#checkTerms(set, signature, anchorZone);
        const { keys } = await this.#zoneKeys(signature.signer, budget);
        checkSignature(set, signature, keys, budget);
        return signature;
      } catch (error) {
        if (!(error instanceof AtedbError) || error.metadata.fault === 'too-much') throw error;
        failure ??= error;
      }
    }
    throw failure as AtedbError;
  }

  /** What a signature must say, whatever it is worth (RFC 4035, 5.3.1). */
  #checkTerms(set: RecordSet, signature: RecordSignature, anchorZone: DomainName): void {
    const { signer, labels, algorithm, inception, expiration } = signature;
    const isAbove = set.name.isWithin(signer) && signer.isWithin(anchorZone);
    // A zone's keys are named by the zone above, and signed by themselves.
    const isOwn = signer.equals(set.name);
    const isMisplaced =
      (set.type === recordTypes.DS && isOwn) || (set.type === recordTypes.DNSKEY && !isOwn);
    // No wildcard stands for a zone.
    const isFilledIn = labels < countedLabels(set.name);
    const isZoneFilledIn =
      isFilledIn && (set.type === recordTypes.DS || set.type === recordTypes.DNSKEY);
    if (!isAbove || isMisplaced || isZoneFilledIn || labels > countedLabels(set.name)) {
      throw notValidated('forged', set, `${signer.text} may not sign it`);
    }
    if (!isKnownAlgorithm(algorithm)) {
      throw notValidated('unsupported', set, `it is signed with the algorithm ${algorithm}`);
    }
    const now = Math.floor(this.#options.now() / 1000);
    // Times go round every 136 years (RFC 4034, 3.1.5).
    if (isAfter(inception, now) || isAfter(now, expiration) || isAfter(inception, expiration)) {
      const period = [inception, expiration].map((time) => timeText(time, now)).join(' to ');
      const clock = new Date(now * 1000).toISOString();
      throw notValidated('expired', set, `its signature counts from ${period}, and it is ${clock}`);
    }
  }

  /** The zone of the nearest anchor above a name: what is signed by a zone above that is not asked for. */
  #anchorZone(question: DnsQuestion): DomainName {
    const zones = this.#options.anchors
      .map(({ zone }) => zone)
      .filter((zone) => question.name.isWithin(zone))
      .sort((one, other) => other.labels.length - one.labels.length);
    const [nearest] = zones;
    if (nearest !== undefined) return nearest;
    const names = [...new Set(this.#options.anchors.map(({ zone }) => zone.text))].join(', ');
    throw notValidated('no-anchor', question, `the trust anchors are of other zones: ${names}`);
  }

  async #zoneKeys(zone: DomainName, budget: SignatureBudget): Promise<ZoneKeys> {
    const known = this.#zones.get(zone.text);
    if (known !== undefined) {
      const keys = await known;
      if (this.#options.now() < keys.untilUnixMs) return keys;
    }
    const found = this.#findZoneKeys(zone, budget);
    this.#zones.set(zone.text, found);
    // A failure is not kept: the next look-up tries again.
    found.catch(() => {
      if (this.#zones.get(zone.text) === found) this.#zones.delete(zone.text);
    });
    return found;
  }

  async #findZoneKeys(zone: DomainName, budget: SignatureBudget): Promise<ZoneKeys> {
    const question = { name: zone, type: recordTypes.DNSKEY };
    const anchored = this.#options.anchors.filter((anchor) => anchor.zone.equals(zone));
    const digests =
      anchored.length > 0 ? { of: anchored, ttl: Infinity } : await this.#digestsOf(zone, budget);
    budget.takeQuery(question);
    const set = recordSet((await this.#options.ask(question)).answers, question);
    if (set === undefined) throw notValidated('unsigned', question, 'the zone shows no keys');
    const keys = set.data.map(readZoneKey).filter((key) => key !== undefined);
    const named = keys.filter((key) => digests.of.some((digest) => namesKey(digest, zone, key)));
    if (named.length === 0) {
      const isAnchored = anchored.length > 0;
      const by = isAnchored ? 'the trust anchor' : 'the zone above';
      throw notValidated(
        isAnchored ? 'anchor-mismatch' : 'forged',
        question,
        `none of its keys is one that ${by} names`,
      );
    }
    let failure: AtedbError | undefined;
    for (const signature of set.signatures) {
      try {
        this.#checkTerms(set, signature, zone);
        checkSignature(set, signature, named, budget);
        const ttl = Math.min(set.ttl, digests.ttl, signature.originalTtl);
        return { keys, untilUnixMs: this.#keptUntil(signature, ttl) };
      } catch (error) {
        if (!(error instanceof AtedbError) || error.metadata.fault === 'too-much') throw error;
        failure ??= error;
      }
    }
    throw failure ?? notValidated('unsigned', question, 'no signature came with it');
  }

  #keptUntil({ expiration }: RecordSignature, ttl: number): number {
    const now = this.#options.now();
    const leftSeconds = (expiration - Math.floor(now / 1000)) | 0;
    return now + Math.min(keysKeptMsMax, 1000 * Math.min(ttl, leftSeconds));
  }

  /** What the zone above says of a zone's keys. */
  async #digestsOf(
    zone: DomainName,
    budget: SignatureBudget,
  ): Promise<{ of: readonly KeyDigest[]; ttl: number }> {
    const question = { name: zone, type: recordTypes.DS };
    budget.takeQuery(question);
    const set = recordSet((await this.#options.ask(question)).answers, question);
    if (set === undefined) {
      throw notValidated('unsigned', question, 'the zone above names no key of it');
    }
    const { originalTtl } = await this.#verifySet(set, budget);
    const digests = set.data.map(readKeyDigest).filter((digest) => digest !== undefined);
    const usable = digests.filter(isUsableDigest);
    if (usable.length > 0) return { of: usable, ttl: Math.min(set.ttl, originalTtl) };
    const kinds = digests.map(({ algorithm, digestType }) => `${algorithm}/${digestType}`);
    throw notValidated(
      'unsupported',
      question,
      `the zone above names its keys by algorithms and digests that do not count: ${kinds.join(', ')}`,
    );
  }
}

function checkSignature(
  set: RecordSet,
  signature: RecordSignature,
  keys: readonly ZoneKey[],
  budget: SignatureBudget,
): void {
  const matching = keys.filter(
    ({ tag, algorithm }) => tag === signature.keyTag && algorithm === signature.algorithm,
  );
  const bytes = signedBytes(set, signature);
  for (const key of matching) {
    budget.takeSignature(set);
    if (verifyWith(key, bytes, signature.signature)) return;
  }
  const why =
    matching.length === 0
      ? `its signature names the key ${signature.keyTag}, which the zone ${signature.signer.text} has not`
      : `its signature is not by the key ${signature.keyTag} of ${signature.signer.text}`;
  throw notValidated('forged', set, why);
}

function readDenials(zone: DomainName, sets: readonly RecordSet[]): DenialRecords {
  const data = sets.flatMap((set) =>
    set.data.map((one) => ({ owner: set.name, type: set.type, one })),
  );
  return {
    zone,
    nsec: data
      .filter(({ type }) => type === recordTypes.NSEC)
      .map(({ owner, one }) => readNsec(owner, one)),
    nsec3: data
      .filter(({ type, owner }) => type === recordTypes.NSEC3 && owner.parent.equals(zone))
      .map(({ owner, one }) => readNsec3(owner, one))
      .filter((record) => record !== undefined),
  };
}

/** Whether a time comes after another, both modulo 2^32 (RFC 1982). */
function isAfter(time: number, other: number): boolean {
  return ((time - other) | 0) > 0;
}

/** A time modulo 2^32, in the 136 years around now. */
function timeText(time: number, nowSeconds: number): string {
  return new Date((nowSeconds + ((time - nowSeconds) | 0)) * 1000).toISOString();
}
