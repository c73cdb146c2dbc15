import type { PemText, TlsPair } from '../crypto/index.ts';
import { readLimitedText } from './limited-text.ts';
import { readPrivateText } from './private-text.ts';

/** A bundle of all authorities that browsers know has a quarter of this. */
const certificatesBytesMax = 1024 * 1024;
const keyBytesMax = 64 * 1024;

/**
 * Read a file of certificates, which are no secret. What is in it is not checked.
 * @throws AtedbError STORAGE_FAILED where it can't be read, REQUEST_INVALID where it is too large.
 */
export async function readCertificateText(path: string): Promise<PemText> {
  const what = 'certificate file';
  return {
    pem: await readLimitedText(path, { what, bytesMax: certificatesBytesMax }),
    where: path,
  };
}

/**
 * Read a certificate and its key, which only its owner may read. What is in them is not checked.
 * @throws AtedbError STORAGE_FAILED where one can't be read; REQUEST_INVALID where one is too large, or others may read the key.
 */
export async function readTlsPair(certPath: string, keyPath: string): Promise<TlsPair> {
  const [cert, key] = await Promise.all([
    readCertificateText(certPath),
    readPrivateText(keyPath, { what: 'TLS key file', bytesMax: keyBytesMax }),
  ]);
  return { cert, key: { pem: key, where: keyPath } };
}
