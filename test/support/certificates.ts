import 'reflect-metadata';
import { createHash, type webcrypto } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { onTestFinished } from 'vitest';

const { subtle } = globalThis.crypto;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

/** A certificate and its key, in PEM form. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
  /** As OpenSSL prints it. */
  readonly fingerprint: string;
}

/** What a certificate says. */
export interface CertificateWishes {
  /** Names of hosts, and IP addresses. Default: those of loopback. */
  readonly hosts?: readonly string[];
  /** Default: yesterday. */
  readonly from?: Date;
  /** Default: in a month. */
  readonly until?: Date;
}

/** An authority of a test, which signs certificates. */
export class TestAuthority {
  readonly name: string;
  /** Its own certificate, which those who trust it are given. */
  readonly cert: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(name: string, cert: string, keys: webcrypto.CryptoKeyPair) {
    this.name = name;
    this.cert = cert;
    this.#keys = keys;
  }

  static async make(name = 'test authority', until = inDays(30)): Promise<TestAuthority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      notBefore: inDays(-60),
      notAfter: until,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new TestAuthority(name, certificate.toString('pem'), keys);
  }

  /** Sign a certificate for a new key. */
  async issue(wishes: CertificateWishes = {}): Promise<MadeCertificate> {
    const { hosts = ['localhost', '127.0.0.1', '::1'] } = wishes;
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: 'CN=test',
      issuer: `CN=${this.name}`,
      notBefore: wishes.from ?? inDays(-1),
      notAfter: wishes.until ?? inDays(30),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value })),
        ),
      ],
    });
    const key = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey));
    const hash = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex');
    return {
      cert: certificate.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${key.toString('base64')}\n-----END PRIVATE KEY-----\n`,
      fingerprint: hash.toUpperCase().match(/../g)?.join(':') ?? '',
    };
  }
}

/** So many days from now; before it, where that is negative. */
export function inDays(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}

/** Files of a test, in a folder that goes when it ends. */
export class TestFiles {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<TestFiles> {
    const folder = await mkdtemp(join(tmpdir(), 'atedb-tls-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return new TestFiles(folder);
  }

  /** Write a file that only its owner may read. @returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Write a certificate and its key. */
  async writePair({ cert, key }: MadeCertificate, name = 'server') {
    return {
      certFile: await this.write(`${name}.pem`, cert),
      keyFile: await this.write(`${name}.key`, key),
    };
  }
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
