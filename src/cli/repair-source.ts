import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { chainKeyOfFolder, diagnoseChain } from '../chain/index.ts';
import type { AtedbClient, Chain } from '../client/index.ts';
import {
  type ChainKey,
  parseChainAddress,
  parseServerAddress,
  type ServerAddress,
} from '../event/index.ts';
import { type BatchSource, loadManifest, type OtherBatch, type Storage } from '../log/index.ts';
import { splitOrFail } from '../trust/index.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { logsPathOf } from './lock-logs.ts';
import { noticeWriter } from './notices.ts';
import type { OpeningKey } from './opening-key.ts';
import { passphraseFrom } from './passphrase.ts';
import { Patience } from './patience.ts';
import type { ServerWays } from './server-target.ts';

/** Where a repair is to take from what is damaged. */
export type RepairFrom =
  /** A backup, or a copy of a chain's folder. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Another server. */
  | { readonly kind: 'server'; readonly server: ServerAddress; readonly chainKey?: ChainKey };

/** How to speak to that server. */
export interface ServerAccess extends OpeningKey {
  readonly ways: ServerWays;
  /** How long it is waited for while nothing comes, in seconds. */
  readonly timeoutSeconds: number;
  readonly json: boolean;
}

/** What `--from` says: a folder that is there, or the address of a server, or of a chain there. @throws UsageError. */
export async function repairFrom(text: string): Promise<RepairFrom> {
  if (/^[a-z]+:\/\//i.test(text)) return { kind: 'server', ...addressOf(text) };
  if ((await stat(text).catch(() => undefined))?.isDirectory())
    return { kind: 'folder', path: text };
  throw new UsageError(
    `${text} is no folder: name a backup, a copy of the chain's folder, or another server as ate://HOST`,
  );
}

function addressOf(text: string): { server: ServerAddress; chainKey?: ChainKey } {
  try {
    if (!/^[a-z]+:\/\/[^/]+\/./i.test(text)) return { server: parseServerAddress(text) };
    const { chainKey, ...server } = parseChainAddress(text);
    return { server, chainKey };
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(error.message);
    throw error;
  }
}

/** What a source is called in words. */
export function fromWords(from: RepairFrom): string {
  return from.kind === 'folder' ? 'the backup' : from.server.server;
}

/** A chain of another server. */
interface Opened {
  readonly client: AtedbClient;
  readonly chain: Chain;
}

/** Batches of one chain that another server has, which is asked when they are wanted. */
export class ServerBatches implements BatchSource, AsyncDisposable {
  readonly #open: () => Promise<Opened>;
  readonly #signal: AbortSignal;
  readonly #patience: Patience;
  #opened: Promise<Opened> | undefined;

  private constructor(open: () => Promise<Opened>, signal: AbortSignal, patience: Patience) {
    this.#open = open;
    this.#signal = signal;
    this.#patience = patience;
  }

  /** @throws UsageError where nothing says which chain is meant. */
  static async of(
    storage: Storage,
    folder: string,
    options: {
      readonly from: Extract<RepairFrom, { readonly kind: 'server' }>;
      readonly access: ServerAccess;
      readonly signal: AbortSignal;
    },
  ): Promise<ServerBatches> {
    const { from, access } = options;
    const { chainId } = (await loadManifest(storage, folder)).manifest;
    const chainKey = from.chainKey ?? (await chainKeyOf(storage, folder));
    const { server, pinned } = from.server;
    const patience = new Patience({ silenceMs: access.timeoutSeconds * 1_000, who: server });
    const signal = AbortSignal.any([options.signal, patience.signal]);
    const open = async () => {
      const passphrase = passphraseFrom(access.passphraseFile);
      const onNotice = noticeWriter(access.json);
      const target = { address: server, pinned, ...access.ways };
      const client = await connectTo(target, { onNotice, passphrase }, access.json);
      try {
        const text = `ate://${server}/${chainKey.text}`;
        const { key } = access;
        // It needn't be the server that keeps the chain, and may have lost something, too.
        const chain = await client.open(text, {
          key,
          chainId,
          readDamaged: true,
          asCopy: true,
          signal,
        });
        return { client, chain };
      } catch (error) {
        await client.close();
        throw error;
      }
    };
    return new ServerBatches(open, signal, patience);
  }

  async *batchesFrom({
    commit,
    sequence,
  }: {
    readonly commit: number;
    readonly sequence: number;
  }): AsyncGenerator<OtherBatch, void> {
    this.#opened ??= this.#open();
    const { chain } = await this.#patience.wait(this.#opened);
    if ((chain.head?.size ?? 0) <= commit) return;
    const since = { size: commit, nextSequence: sequence };
    try {
      using history = await this.#patience.wait(
        chain.readUnverified({ signal: this.#signal, since }),
      );
      const slices = history.slices();
      for (;;) {
        const { value: slice, done } = await this.#patience.wait(slices.next());
        if (done === true) return;
        this.#patience.earn(slice.length);
        for (const { gap, run, commit: view, start, end } of splitOrFail(slice)) {
          yield { gap, run, commit: view, storedBytes: end - start };
        }
      }
    } catch (error) {
      // It has no more than that.
      if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#patience[Symbol.dispose]();
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.client.close();
  }
}

/** The key of a chain, by where its folder lies, or else by its first batch. */
async function chainKeyOf(storage: Storage, folder: string): Promise<ChainKey> {
  const logsPath = logsPathOf(folder);
  const found = logsPath === undefined ? undefined : chainKeyOfFolder(relative(logsPath, folder));
  if (found !== undefined) return found;
  try {
    return (await diagnoseChain(storage, folder)).key;
  } catch {
    throw new UsageError(
      `nothing says which chain is in ${folder}: name it with the server, --from ate://HOST/CHAIN-KEY`,
    );
  }
}
