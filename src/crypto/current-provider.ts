import { AtedbError } from '../bytes/index.ts';
import { nativeProvider } from './native-provider.ts';
import type { CryptoProvider, ProviderName } from './provider.ts';

/** Names of all providers, the default first. */
export const providerNames: readonly ProviderName[] = ['native', 'portable'];

let current = nativeProvider;

/** The provider that this process works with: the native one, unless another was chosen. */
export function provider(): CryptoProvider {
  return current;
}

/**
 * Choose the provider of this process, at its start: keys that were made before keep to theirs. Random bytes always come
 * from the system. The portable one isn't loaded before it is chosen.
 *
 * @param name of `providerNames`, as the variable `ATE_CRYPTO` has it; nothing leaves all as it is.
 * @throws AtedbError REQUEST_INVALID for another name.
 */
export async function chooseProvider(name: string | undefined): Promise<void> {
  if (name === undefined || name === '') return;
  if (name === 'native') current = nativeProvider;
  else if (name === 'portable') {
    current = (await import('./portable-provider.ts')).portableProvider;
  } else {
    throw new AtedbError(
      'REQUEST_INVALID',
      `there is no cryptography "${name}"; use one of: ${providerNames.join(', ')}`,
      { metadata: { cryptography: name } },
    );
  }
}
