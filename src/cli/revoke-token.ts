import { stat } from 'node:fs/promises';
import { AtedbError } from '../bytes/index.ts';
import type { AppendEvent, AppendOptions, Chain, Committed } from '../client/index.ts';
import { committedJson } from './append-lines.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { loadToken } from './load-token.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { recordOf, type TokenRecord, TokenRecords } from './token-records.ts';
import { home } from './tokens.ts';

/** What `atedb token revoke` is told. */
export interface RevokeSettings {
  /** Its fingerprint, or the beginning of that, or a file that has it. */
  readonly token: string;
  readonly chains: readonly ChainTarget[];
  readonly key: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
}

/** A token as it is to be ended: where nothing more is kept of it, its fingerprint. */
export type Ended = { readonly fingerprint: Buffer; readonly record: TokenRecord | undefined };

/** End a token in some chains, for good. @throws AtedbError KEY_NOT_ALLOWED where the key is neither a root nor has given it. */
export async function revokeToken(settings: RevokeSettings): Promise<void> {
  const { key, json } = settings;
  await runWithOutput(async (output, signal) => {
    const records = new TokenRecords(home());
    const ended = await findToken(settings.token, records);
    const passphrase = passphraseFrom(settings.passphraseFile);
    const onNotice = noticeWriter(json);
    const done: string[] = [];
    for (const { server, address, chainId, trustMode } of settings.chains) {
      await using client = await connectTo(server, { onNotice, passphrase }, json);
      const chain = await client.open(address, { key, chainId, trustMode, signal });
      const committed = await revokeIn(chain, ended, { signal });
      done.push(address);
      const { record } = ended;
      if (record !== undefined) {
        await records.save({ ...record, ended: [...new Set([...record.ended, ...done])] });
      }
      if (json) output.write(`${committedJson(committed)}\n`);
      else {
        const hex = ended.fingerprint.toString('hex');
        process.stderr.write(`the token ${hex} counts no more in ${address}\n`);
      }
    }
  });
}

/** End it. Who has given it, and is no root, shows that, where the chain doesn't know it yet. */
async function revokeIn(
  chain: Chain,
  { fingerprint, record }: Ended,
  options: AppendOptions,
): Promise<Committed> {
  const event: AppendEvent = { kind: 'key_change', keyChange: { key: fingerprint } };
  try {
    return await chain.append(event, options);
  } catch (error) {
    const isUnknown = error instanceof AtedbError && error.reason === 'KEY_NOT_ALLOWED';
    if (!isUnknown || record === undefined) throw error;
    return chain.append(event, { ...options, right: record });
  }
}

/** The token that is meant: by its fingerprint, the beginning of that, or a file. @throws UsageError. */
export async function findToken(token: string, records: TokenRecords): Promise<Ended> {
  const isFile = (await stat(token).catch(() => undefined))?.isFile() === true;
  if (isFile) {
    const loaded = await loadToken({ file: token });
    const { fingerprint } = loaded.key.publicKey;
    const record = await records.find(fingerprint.toString('hex'));
    return { fingerprint, record: record ?? recordOf(loaded, new Date()) };
  }
  const record = await records.find(token);
  if (record !== undefined) {
    return { fingerprint: Buffer.from(record.fingerprint, 'hex'), record };
  }
  if (/^[0-9a-f]{64}$/i.test(token)) {
    return { fingerprint: Buffer.from(token, 'hex'), record: undefined };
  }
  throw new UsageError(
    `${JSON.stringify(token)} names no token that was made here, and no file: name it by its fingerprint, as "atedb token list" shows it, by at least 8 digits of that, or by a file that has it`,
  );
}
