import { nativeProvider } from './native-provider.ts';
import type { CryptoProvider } from './provider.ts';

/** The provider that this process works with. */
export function provider(): CryptoProvider {
  return nativeProvider;
}
