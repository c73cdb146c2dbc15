import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';

/** A text in PEM form, and what it is called in errors: a path, or an option. */
export interface PemText {
  readonly pem: string;
  readonly where: string;
}

/** A certificate and its key, each in PEM form: what a side of a TLS connection shows of itself. */
export interface TlsPair {
  readonly cert: PemText;
  readonly key: PemText;
}

/** What people are told of a certificate. */
export interface CertificateFacts {
  /** The names that it is for, as `DNS:example.com, IP Address:127.0.0.1`; without any, its subject. */
  readonly names: string;
  /** SHA-256 of the certificate, as OpenSSL prints it: hexadecimal, a colon between bytes. */
  readonly fingerprint: string;
  readonly fromUnixMs: number;
  readonly untilUnixMs: number;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM text, in its order.
 * @throws AtedbError REQUEST_INVALID where there is none, or one can't be read.
 */
export function parseCertificates({ pem, where }: PemText): X509Certificate[] {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0) {
    throw invalid(
      where,
      'has no certificate in PEM form; it must have a part that begins with -----BEGIN CERTIFICATE-----',
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      const what = `certificate ${index + 1} of ${blocks.length} can't be read`;
      throw invalid(where, `is damaged: ${what}; have it written anew`, cause);
    }
  });
}

/**
 * Check that a certificate and a key belong together, and that the certificate, and all that come with it, are valid now.
 *
 * Who has signed it, and for which names, is not checked: whoever connects does that.
 *
 * @returns what the certificate says; the first one of the text.
 * @throws AtedbError REQUEST_INVALID, saying which of the two texts is wrong, and what to do.
 */
export function checkTlsPair({ cert, key }: TlsPair, nowUnixMs: number): CertificateFacts {
  const chain = parseCertificates(cert);
  const [own] = chain as [X509Certificate];
  if (!own.checkPrivateKey(parsePrivateKey(key))) {
    throw invalid(
      key.where,
      `is not the key of the first certificate in ${cert.where} (${namesOf(own)}); give the key that it was issued for, ` +
        'and let that certificate come before those that signed it',
    );
  }
  for (const certificate of chain) checkTime(certificate, cert.where, nowUnixMs);
  return factsOf(own);
}

/**
 * Check certificates of authorities: those that have expired do no harm beside one that hasn't.
 * @throws AtedbError REQUEST_INVALID where there is none that is valid now.
 */
export function checkAuthorities(authorities: PemText, nowUnixMs: number): void {
  const all = parseCertificates(authorities);
  const isValid = (certificate: X509Certificate) => {
    const { fromUnixMs, untilUnixMs } = factsOf(certificate);
    return fromUnixMs <= nowUnixMs && nowUnixMs <= untilUnixMs;
  };
  // All are of one kind then, and the first one says why.
  if (!all.some(isValid)) checkTime(all[0] as X509Certificate, authorities.where, nowUnixMs);
}

function checkTime(certificate: X509Certificate, where: string, nowUnixMs: number): void {
  const { names, fromUnixMs, untilUnixMs } = factsOf(certificate);
  const now = `it is ${isoTime(nowUnixMs)} by this machine's clock`;
  if (nowUnixMs > untilUnixMs) {
    const until = isoTime(untilUnixMs);
    throw invalid(where, `has expired: ${names} was valid until ${until}, and ${now}; renew it`);
  }
  if (nowUnixMs < fromUnixMs) {
    const from = isoTime(fromUnixMs);
    throw invalid(
      where,
      `is not valid yet: ${names} is from ${from} on, and ${now}; set the clock, or wait`,
    );
  }
}

function parsePrivateKey({ pem, where }: PemText): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isSealed = /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem);
    throw invalid(
      where,
      isSealed
        ? 'is sealed with a passphrase, which nobody could give at a renewal; write it without one, for its owner alone to read: openssl pkey'
        : 'has no private key in PEM form; it must have a part that begins with -----BEGIN PRIVATE KEY-----',
      cause,
    );
  }
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    names: namesOf(certificate),
    fingerprint: certificate.fingerprint256,
    fromUnixMs: certificate.validFromDate.getTime(),
    untilUnixMs: certificate.validToDate.getTime(),
  };
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return subjectAltName ?? subject?.replaceAll('\n', ', ') ?? 'a certificate without a name';
}

function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

function invalid(where: string, why: string, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${where} ${why}`, {
    metadata: { field: 'tls', where },
    cause,
  });
}
