import { createHash } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { isUsableDigest, type KeyDigest, keyTag, readZoneKey } from './dnssec-keys.ts';
import { DomainName } from './domain-name.ts';

/** A key of a zone that is trusted without a zone above it. */
export interface TrustAnchor extends KeyDigest {
  readonly zone: DomainName;
}

/** The keys of the root that IANA publishes (https://data.iana.org/root-anchors/root-anchors.xml): of 2017, and of 2024. */
export const rootAnchors: readonly TrustAnchor[] = parseTrustAnchors(
  `. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16`,
  'the root',
);

/**
 * Read trust anchors: DS or DNSKEY records, one a line, as `keymgr`, `dnssec-dsfromkey` and `dig` print them, and as `root.key` of other
 * validators has them. Comments begin with `;` or `#`.
 *
 * @param where for errors: the file.
 * @throws AtedbError REQUEST_INVALID, naming the line.
 */
export function parseTrustAnchors(text: string, where: string): TrustAnchor[] {
  const anchors = text.split('\n').flatMap((line, at) => {
    const [record = ''] = line.split(/[;#]/, 1);
    return record.trim() === '' ? [] : [parseAnchor(record.trim(), `line ${at + 1} of ${where}`)];
  });
  if (anchors.length > 0) return anchors;
  throw invalid(where, 'there is no DS or DNSKEY record in it');
}

function parseAnchor(record: string, where: string): TrustAnchor {
  const match =
    /^(\S+)\s+(?:\d+\s+)?(?:IN\s+)?(DS|DNSKEY)\s+(\d{1,5})\s+(\d{1,3})\s+(\d{1,3})\s+([0-9A-Za-z+/= \t]+)$/i.exec(
      record,
    );
  if (match === null) throw invalid(where, 'it is no DS or DNSKEY record on one line');
  const [, owner = '', type = '', ...rest] = match;
  const zone = zoneOf(owner, where);
  const [first, second, third] = rest.map(Number) as [number, number, number];
  const value = (rest[3] ?? '').replace(/\s/g, '');
  const anchor =
    type.toUpperCase() === 'DS'
      ? { tag: first, algorithm: second, digestType: third, digest: Buffer.from(value, 'hex') }
      : digestOfKey(zone, { flags: first, protocol: second, algorithm: third, value }, where);
  if (isUsableDigest(anchor)) return { zone, ...anchor };
  throw invalid(
    where,
    `its algorithm ${anchor.algorithm}, or its digest of type ${anchor.digestType} and ${anchor.digest.length} bytes, does not count: algorithms are 8, 10, 13, 14, 15 and 16, digests 2 (SHA-256) and 4 (SHA-384)`,
  );
}

function digestOfKey(
  zone: DomainName,
  key: { flags: number; protocol: number; algorithm: number; value: string },
  where: string,
): KeyDigest {
  const head = Buffer.from([key.flags >> 8, key.flags & 0xff, key.protocol, key.algorithm]);
  const data = Buffer.concat([head, Buffer.from(key.value, 'base64')]);
  if (readZoneKey(data) === undefined) {
    throw invalid(
      where,
      'it is no key of a zone, or one that does not count (revoked, too short, SHA-1)',
    );
  }
  return {
    tag: keyTag(data),
    algorithm: key.algorithm,
    digestType: 2,
    digest: createHash('sha256').update(zone.wire).update(data).digest(),
  };
}

function zoneOf(text: string, where: string): DomainName {
  try {
    return DomainName.parse(text);
  } catch (error) {
    throw invalid(where, (error as Error).message);
  }
}

function invalid(where: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${where} holds no trust anchor: ${why}`, {
    metadata: { field: 'dns-trust-anchor', path: where },
  });
}
