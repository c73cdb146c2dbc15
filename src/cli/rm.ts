import { committedJson } from './append-lines.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { present } from './get.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';

/** What `atedb rm` is told. */
export interface RemoveSettings extends ChainTarget {
  readonly primaryKey: Buffer;
  readonly force: boolean;
  readonly unchangedSince: number | undefined;
  readonly key: string | undefined;
  readonly sign: boolean;
  /** Of a sealed key; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
}

/** Append an object's tombstone. @throws AtedbError EVENT_NOT_FOUND where it isn't there and that isn't forced. */
export async function removeObject(settings: RemoveSettings): Promise<void> {
  const { server, address, primaryKey, unchangedSince, key, sign, json } = settings;
  const { chainId, trustMode } = settings;
  await runWithOutput(async (output, signal) => {
    const passphrase = passphraseFrom(settings.passphraseFile);
    await using client = await connectTo(
      server,
      { onNotice: noticeWriter(json), passphrase },
      json,
    );
    const chain = await client.open(address, {
      key,
      signBatches: sign,
      // To a command all others are other writers, those of this user too.
      asNewWriter: unchangedSince !== undefined,
      chainId,
      trustMode,
      signal,
    });
    if (!settings.force) present(await chain.get({ primaryKey }, { signal }), address);
    const committed = await chain.append(
      { kind: 'tombstone', primaryKey },
      {
        signal,
        ...(unchangedSince !== undefined && {
          objectsUnchangedSince: [{ primaryKey, sequence: unchangedSince }],
        }),
      },
    );
    if (json) output.write(`${committedJson(committed)}\n`);
    else process.stderr.write(`removed, as sequence ${committed.firstSequence}\n`);
  });
}
