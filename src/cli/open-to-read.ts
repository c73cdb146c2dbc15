import type { AtedbClient, Chain, Notice } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { passphraseFrom } from './passphrase.ts';
import type { ReaderSettings } from './reader-flags.ts';

/** A chain that is open, by a client of its own, which is closed with it. */
export interface OpenToRead extends AsyncDisposable {
  readonly client: AtedbClient;
  readonly chain: Chain;
}

/**
 * Connect to a server, and open a chain to read it.
 *
 * @param settings.damaged whether to read what is left of a damaged chain, though more of it was verified before.
 * @throws AtedbError as `connect` and `AtedbClient.open`.
 */
export async function openToRead(
  settings: ChainTarget &
    ReaderSettings & { readonly damaged?: boolean; readonly json?: boolean | undefined },
  {
    onNotice,
    signal,
  }: { readonly onNotice: (notice: Notice) => void; readonly signal: AbortSignal },
): Promise<OpenToRead> {
  const { server, address, key, checkRules, chainId, trustMode, damaged: readDamaged } = settings;
  const passphrase = passphraseFrom(settings.passphraseFile);
  const client = await connectTo(server, { onNotice, passphrase }, settings.json);
  try {
    const options = { key, checkRules, chainId, trustMode, readDamaged, signal };
    const chain = await client.open(address, options);
    return { client, chain, [Symbol.asyncDispose]: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}
