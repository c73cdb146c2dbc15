import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { countOf } from './safe-text.ts';

/** What `atedb delete` is told. */
export interface DeleteSettings extends ChainTarget {
  readonly chainKey: string;
  readonly yes: boolean;
  readonly key: string | undefined;
  readonly json: boolean;
}

/** Delete a chain. @throws UsageError where nobody could be asked, or what was typed is something else. */
export async function deleteChain(settings: DeleteSettings): Promise<void> {
  const { server, address, chainKey, key, chainId, trustMode, json } = settings;
  await runWithOutput(async (_output, signal) => {
    if (!settings.yes && process.stdin.isTTY !== true) {
      throw new UsageError('there is no terminal to ask on; say --yes to delete the chain unasked');
    }
    await using client = await connectTo(server, { onNotice: noticeWriter(json) }, json);
    const chain = await client.open(address, { key, chainId, trustMode, signal });
    if (!settings.yes) {
      const { nextSequence } = await client.describe(chainKey, { key, signal });
      const { stdin: input, stderr: output } = process;
      await confirm({ chainKey, nextSequence }, { input, output, signal });
    }
    await chain.delete({ signal });
    process.stderr.write(`deleted the chain ${chainKey}\n`);
  });
}

/** Have the chain key typed, so that nobody deletes another chain than he means. @throws UsageError where it is another one. */
export async function confirm(
  { chainKey, nextSequence }: { readonly chainKey: string; readonly nextSequence: number },
  { input, output, signal }: { input: Readable; output: Writable; signal: AbortSignal },
): Promise<void> {
  const terminal = createInterface({ input, output });
  try {
    const typed = await terminal.question(
      `This deletes ${chainKey} with ${countOf(nextSequence, 'event')}, for good. Type the chain key to go on: `,
      { signal },
    );
    if (typed.trim() !== chainKey) throw new UsageError('that is another key; nothing was deleted');
  } finally {
    terminal.close();
  }
}
