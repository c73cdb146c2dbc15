import { AtedbError } from '../bytes/index.ts';
import type { TlsSetup } from './tls-options.ts';

/** Node's names for a certificate that leads to no authority that is trusted. */
const untrusted =
  /^(UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|CERT_SIGNATURE_FAILURE)$/;

/** OpenSSL's names for the server's words, and for bytes that are none of TLS. */
const noTls =
  /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE)$/;
const noTls13 = /^ERR_SSL_(TLSV1_ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)$/;
const certificateAskedFor = /^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/;
const certificateRefused =
  /^ERR_SSL_(TLSV1_ALERT_UNKNOWN_CA|SSLV3_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN))|TLSV1_ALERT_(ACCESS_DENIED|DECRYPT_ERROR))$/;
const noHttp2 = /^ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL$/;

/**
 * What a TLS connection has failed with, in words that say what to do.
 *
 * @param server `host:port`.
 * @returns undefined for what is no failure of TLS, as a connection that was lost: trying again may help.
 */
export function tlsFailure(
  error: unknown,
  server: string,
  setup: TlsSetup,
): AtedbError | undefined {
  const { code = '', message = '', reason } = error as NodeJS.ErrnoException & { reason?: string };
  const why = wordsOf(code, { server, setup, said: (reason ?? message).trim() });
  if (why === undefined) return undefined;
  return new AtedbError('TLS_FAILED', why, { metadata: { server, code }, cause: error });
}

/** The words for a server that speaks TLS, but not HTTP/2 in it. */
export function noHttp2Failure(server: string): AtedbError {
  return new AtedbError('TLS_FAILED', noHttp2Words(server), { metadata: { server } });
}

function wordsOf(
  code: string,
  { server, setup, said }: { server: string; setup: TlsSetup; said: string },
): string | undefined {
  if (untrusted.test(code)) {
    const who = setup.hasOwnAuthorities
      ? 'the authorities that were given'
      : 'any that this machine trusts';
    return (
      `the certificate of ${server} is not signed by ${who} (${code}). If the server is the one you mean, give its authority's ` +
      'certificate (atedb: --tls-ca FILE; connect: tls.ca); a server must send the certificates in between itself'
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return (
      `the certificate of ${server} is for other names: ${said}. Connect by a name that it is for, or say which ` +
      'it must be for (atedb: --tls-server-name; connect: tls.serverName)'
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return (
      `the certificate of ${server}, or one that signed it, ${what}; it is ${new Date().toISOString()} by this machine's clock. ` +
      "Have the server's certificate renewed, or set the clock"
    );
  }
  if (certificateAskedFor.test(code)) {
    return `${server} takes only clients that show a certificate. Give yours (atedb: --tls-cert and --tls-key; connect: tls.cert and tls.key)`;
  }
  if (certificateRefused.test(code)) {
    return `${server} refuses the certificate that this client shows (${code}). Give one that its authority has signed, and that is valid`;
  }
  if (noTls.test(code)) {
    return `${server} speaks no TLS. Connect without (atedb: leave --tls out, and variables that begin with ATE_TLS; connect: leave tls out), or to another port`;
  }
  if (noTls13.test(code)) {
    return `${server} speaks no TLS 1.3, and this client nothing older. Have the server, or the proxy in front of it, speak TLS 1.3`;
  }
  if (noHttp2.test(code)) return noHttp2Words(server);
  if (/^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_)/.test(code)) {
    return `no TLS connection to ${server} can be made: ${said} (${code})`;
  }
  return undefined;
}

function noHttp2Words(server: string): string {
  return `${server} speaks TLS, but not HTTP/2 (ALPN h2). Is an atedb server behind it?`;
}
