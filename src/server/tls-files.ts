import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import {
  type CertificateFacts,
  checkAuthorities,
  checkTlsPair,
  type PemText,
  parseCertificates,
  type TlsPair,
  tlsTerms,
} from '../crypto/index.ts';
import { readCertificateText, readTlsPair } from '../store/index.ts';

/** What a server shows of itself, and what it asks of clients. All files are in PEM form. */
export interface TlsOptions {
  /** The server's certificate, and behind it those that signed it, but for the last. */
  readonly certFile: string;
  /** Its key, which only its owner may read. */
  readonly keyFile: string;
  /** Authorities, of which one must have signed a client's certificate. Absent: clients need none. */
  readonly clientCaFile?: string | undefined;
  /** Milliseconds between looks at the files, which may be renewed. Absent: 10,000. */
  readonly renewalCheckMs?: number | undefined;
}

/** The files as they were read and found to be good. */
interface LoadedTls {
  readonly context: SecureContextOptions;
  readonly certificate: CertificateFacts;
  /** Of all files: whether they are others now. */
  readonly text: string;
}

const renewalCheckDefaultMs = 10_000;

/** A certificate that has less than this part of its time left should have been renewed. */
const lastPartOfLife = 0.1;

/**
 * A server's certificate, key and authorities, as the files have them: what is renewed there is taken up.
 *
 * The files are read again and again, since nothing else sees all ways of renewing: links that are swapped, folders that are mounted
 * anew, files on another machine. What is there for a moment only, as a new certificate beside the old key, changes nothing.
 */
export class TlsFiles {
  readonly #options: TlsOptions;
  readonly #logger: Logger;
  readonly #now: () => number;
  #loaded: LoadedTls;
  /** What was last found to be wrong, so that it is said once. */
  #trouble: string | undefined;
  /** The certificate whose end was told of last, and how. */
  #endTold: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  private constructor(
    options: TlsOptions,
    loaded: LoadedTls,
    deps: { readonly logger: Logger; readonly now: () => number },
  ) {
    this.#options = options;
    this.#loaded = loaded;
    this.#logger = deps.logger;
    this.#now = deps.now;
  }

  /**
   * Read and check the files.
   * @throws AtedbError REQUEST_INVALID, STORAGE_FAILED, which say what is wrong with which file.
   */
  static async load(
    options: TlsOptions,
    deps: { readonly logger: Logger; readonly now: () => number },
  ): Promise<TlsFiles> {
    const files = new TlsFiles(options, await load(options, deps.now()), deps);
    files.#tellOfEnd();
    return files;
  }

  /** What TLS is set up with. */
  get context(): SecureContextOptions {
    return this.#loaded.context;
  }

  /** The certificate that is shown to clients. */
  get certificate(): CertificateFacts {
    return this.#loaded.certificate;
  }

  /** Whether clients must show a certificate. */
  get requiresClients(): boolean {
    return this.#options.clientCaFile !== undefined;
  }

  /** Take up what is renewed from now on. @param onRenewed is told when `context` is another one. */
  watch(onRenewed: () => void): void {
    const { renewalCheckMs = renewalCheckDefaultMs } = this.#options;
    const check = async () => {
      if (await this.reload()) onRenewed();
      if (!this.#isStopped) this.#timer = setTimeout(check, renewalCheckMs).unref();
    };
    this.#timer = setTimeout(check, renewalCheckMs).unref();
  }

  /** Look at the files no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Take up what is in the files now, if it is good. @returns whether it is something else than before. */
  async reload(): Promise<boolean> {
    try {
      const loaded = await load(this.#options, this.#now(), this.#loaded);
      this.#trouble = undefined;
      if (loaded === this.#loaded) {
        this.#tellOfEnd();
        return false;
      }
      this.#loaded = loaded;
      this.#logger.info({ certificate: shown(loaded.certificate) }, 'took up renewed TLS files');
      this.#tellOfEnd();
      return true;
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#trouble) {
        this.#logger.error(
          { err: error },
          'the TLS files can not be taken up; the ones before stay',
        );
      }
      this.#trouble = trouble;
      this.#tellOfEnd();
      return false;
    }
  }

  /** Log, once each, that the certificate should have been renewed, and that it is too late. */
  #tellOfEnd(): void {
    const { certificate } = this.#loaded;
    const { fingerprint, fromUnixMs, untilUnixMs } = certificate;
    const leftMs = untilUnixMs - this.#now();
    if (leftMs > (untilUnixMs - fromUnixMs) * lastPartOfLife) return;
    const isOver = leftMs < 0;
    const told = `${fingerprint} ${isOver}`;
    if (told === this.#endTold) return;
    this.#endTold = told;
    const line = { certificate: shown(certificate), file: this.#options.certFile };
    if (isOver)
      this.#logger.error(line, 'the TLS certificate has expired: clients refuse it; renew it');
    else this.#logger.warn(line, 'the TLS certificate expires soon; renew it');
  }
}

/** Read and check the files. @returns `before` where they are the same as then. */
async function load(
  { certFile, keyFile, clientCaFile }: TlsOptions,
  nowUnixMs: number,
  before?: LoadedTls,
): Promise<LoadedTls> {
  const [pair, clientCa] = await Promise.all([
    readTlsPair(certFile, keyFile),
    clientCaFile === undefined ? undefined : readCertificateText(clientCaFile),
  ]);
  const text = [pair.cert, pair.key, clientCa].map((one) => one?.pem ?? '').join('\0');
  if (text === before?.text) return before;
  const certificate = checkTlsPair(pair, nowUnixMs);
  if (clientCa !== undefined) checkAuthorities(clientCa, nowUnixMs);
  return { context: contextOf(pair, clientCa), certificate, text };
}

function contextOf({ cert, key }: TlsPair, clientCa: PemText | undefined): SecureContextOptions {
  const { minVersion, ecdhCurve } = tlsTerms;
  const context: SecureContextOptions = {
    // What was checked, and nothing that may stand between it.
    cert: parseCertificates(cert).join(''),
    key: key.pem,
    minVersion,
    ecdhCurve,
    // Our order of groups and ciphers counts, not the client's.
    honorCipherOrder: true,
    ...(clientCa === undefined ? {} : { ca: parseCertificates(clientCa).map(String) }),
  };
  try {
    createSecureContext(context);
    return context;
  } catch (cause) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `TLS can't be set up with ${cert.where} and ${key.where}: ${(cause as Error).message}; have them issued anew, ` +
        'with a key of the kind P-256, Ed25519, or RSA of 2048 bits or more',
      { metadata: { field: 'tls', where: cert.where }, cause },
    );
  }
}

/** As the log has it. */
function shown({ names, fingerprint, untilUnixMs }: CertificateFacts): object {
  return { names, fingerprint, until: new Date(untilUnixMs).toISOString() };
}
