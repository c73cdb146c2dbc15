import type { AppendOptions, AtedbClient, Chain, KeyPair } from '../client/index.ts';
import { IdentityStore, identityHome } from '../store/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { noticeWriter, type ShownNotice } from './notices.ts';
import type { MeantObject } from './object-flags.ts';
import { type Output, runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { loadSigners } from './signing.ts';

/** Whose rules a command shows or sets, and as whom. */
export interface RuleTarget extends ChainTarget {
  readonly object: MeantObject;
  readonly key: string | undefined;
  /** Names of keys that sign besides. */
  readonly coSign: readonly string[];
  /** Of sealed keys; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
}

/** What such a command works with. */
export interface RuleRun {
  readonly client: AtedbClient;
  readonly chain: Chain;
  /** The user's own key, which need not be what the chain is written with. */
  readonly loadKey: () => Promise<KeyPair>;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** How to append. */
  readonly options: AppendOptions;
  readonly notify: (notice: ShownNotice) => void;
}

/** Open a chain that is there, and do something with its rules. */
export async function withRules(
  target: RuleTarget,
  run: (run: RuleRun) => Promise<void>,
): Promise<void> {
  const { server, address, key, chainId, trustMode, json } = target;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    const passphrase = passphraseFrom(target.passphraseFile);
    await using client = await connectTo(server, { onNotice: notify, passphrase }, json);
    const chain = await client.open(address, { key, chainId, trustMode, signal });
    const { signing } = await loadSigners({ ...target, author: undefined }, passphrase);
    const loadKey = async () => {
      const store = new IdentityStore(identityHome(process.env));
      return (await store.get(key ?? (await store.defaultName()), passphrase)).keyPair;
    };
    const options = { ...signing, signal };
    await run({ client, chain, loadKey, output, signal, options, notify });
  });
}

/** An object in words; without one, the chain. */
export function objectWords({ primaryKey }: Pick<MeantObject, 'primaryKey'>): string {
  return primaryKey === undefined ? 'the chain' : `the object ${primaryKey.toString('hex')}`;
}
