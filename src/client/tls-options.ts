import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { AtedbError } from '../bytes/index.ts';
import {
  checkAuthorities,
  checkTlsPair,
  type PemText,
  parseCertificates,
  tlsTerms,
} from '../crypto/index.ts';

/** How to speak TLS to a server. Certificates and keys are in PEM form. */
export interface TlsOptions {
  /** Authorities, of which one must have signed the server's certificate. Default: those of this machine. */
  readonly ca?: string | Buffer | undefined;
  /** The client's own certificate, for servers that ask for one; behind it may stand those that signed it. */
  readonly cert?: string | Buffer | undefined;
  /** Its key. A secret. */
  readonly key?: string | Buffer | undefined;
  /** The name or IP address that the server's certificate must be for. Default: the one that is connected to. */
  readonly serverName?: string | undefined;
}

/** What a connection is encrypted with. */
export interface TlsSetup {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  /** Whether only authorities that were given are trusted. */
  readonly hasOwnAuthorities: boolean;
}

/**
 * Prepare to speak TLS.
 *
 * @returns undefined where `tls` says not to.
 * @throws AtedbError REQUEST_INVALID, which names the option that is wrong, and says why.
 */
export function setUpTls(tls: boolean | TlsOptions | undefined): TlsSetup | undefined {
  if (tls === undefined || tls === false) return undefined;
  const { ca, cert, key, serverName } = tls === true ? {} : tls;
  const authorities = pemText(ca, 'tls.ca');
  const pair = { cert: pemText(cert, 'tls.cert'), key: pemText(key, 'tls.key') };
  const now = Date.now();
  if (authorities !== undefined) checkAuthorities(authorities, now);
  if ((pair.cert === undefined) !== (pair.key === undefined)) {
    const [there, missing] = pair.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw invalid(`tls.${there} is given without tls.${missing}; give both or none`);
  }
  if (pair.cert !== undefined && pair.key !== undefined) {
    checkTlsPair({ cert: pair.cert, key: pair.key }, now);
  }
  const { minVersion, ecdhCurve } = tlsTerms;
  try {
    const context = createSecureContext({
      ca:
        authorities === undefined
          ? authoritiesOfMachine()
          : parseCertificates(authorities).map(String),
      cert: pair.cert && parseCertificates(pair.cert).join(''),
      key: pair.key?.pem,
      minVersion,
      ecdhCurve,
    });
    return { context, serverName, hasOwnAuthorities: authorities !== undefined };
  } catch (cause) {
    throw invalid(`TLS can't be set up with these options: ${(cause as Error).message}`, cause);
  }
}

/**
 * The authorities that this machine trusts, with those that NODE_EXTRA_CA_CERTS names. Node's own list stands in where the machine has
 * none, as in a container without packages.
 */
function authoritiesOfMachine(): string[] {
  const system = getCACertificates('system');
  return system.length > 0
    ? [...system, ...getCACertificates('extra')]
    : getCACertificates('default');
}

function pemText(text: string | Buffer | undefined, where: string): PemText | undefined {
  return text === undefined ? undefined : { pem: text.toString(), where };
}

function invalid(message: string, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', message, { metadata: { field: 'tls' }, cause });
}
