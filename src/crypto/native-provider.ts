import { NativeSigningKey, NativeVerifyingKey } from './native-signatures.ts';
import type { CryptoProvider } from './provider.ts';

/** Node's own cryptography, which is OpenSSL's. */
export const nativeProvider: CryptoProvider = {
  name: 'native',
  signingKey: (seed) => new NativeSigningKey(seed),
  verifyingKey: (key) => new NativeVerifyingKey(key),
};
