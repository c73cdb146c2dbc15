import { AtedbError } from '../bytes/index.ts';
import { UsageError } from './errors.ts';

/**
 * Choose the cryptography that `ATE_CRYPTO` names, before a command runs. Where it isn't set nothing is loaded, so that
 * commands that need none start fast.
 *
 * @throws UsageError for a name that there isn't.
 */
export async function chooseCryptography(name: string | undefined): Promise<void> {
  if (name === undefined || name === '') return;
  const { chooseProvider } = await import('../crypto/index.ts');
  try {
    await chooseProvider(name);
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(`ATE_CRYPTO: ${error.message}`);
    throw error;
  }
}
