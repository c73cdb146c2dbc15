import { createInterface } from 'node:readline/promises';
import type { RedactTarget } from '../client/index.ts';
import { committedJson } from './append-lines.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { countOf, safeText } from './safe-text.ts';

/** What `atedb redact` is told. */
export interface RedactSettings extends ChainTarget {
  readonly target: RedactTarget;
  readonly yes: boolean;
  /** Whether to end when the redaction is durable, and not wait until the data is erased. */
  readonly noWait: boolean;
  readonly key: string | undefined;
  /** Of a sealed key; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
}

/** Have data erased. @throws UsageError where nobody could be asked, or said no; AtedbError as `Chain.redact`. */
export async function redactData(settings: RedactSettings): Promise<void> {
  const { server, address, target, key, chainId, trustMode, yes, noWait, json } = settings;
  await runWithOutput(async (output, signal) => {
    if (!yes) await confirm(target, signal);
    const passphrase = passphraseFrom(settings.passphraseFile);
    const onNotice = noticeWriter(json);
    await using client = await connectTo(server, { onNotice, passphrase }, json);
    const chain = await client.open(address, { key, chainId, trustMode, signal });
    const wait = noWait ? 'durable' : 'erased';
    const { committed, goneBefore, setAside } = await chain.redact(target, { wait, signal });
    const sequence = committed.firstSequence;
    if (json) {
      const fields = JSON.parse(committedJson(committed)) as object;
      output.write(`${JSON.stringify({ ...fields, erased: !noWait, goneBefore, setAside })}\n`);
      return;
    }
    if (goneBefore.length > 0) {
      onNotice({
        kind: 'gone-before',
        message: `the data of ${countOf(goneBefore.length, 'event')} was gone before: ${goneBefore.join(', ')}`,
      });
    }
    if (setAside.length > 0) {
      onNotice({
        kind: 'set-aside',
        message: `the data may also be in what the server has set aside, when it crashed or was repaired: ${setAside.map(safeText).join(', ')}. Its operator removes that with atedb repair --drop-set-aside --apply`,
      });
    }
    const done = noWait ? 'the server erases it by itself' : 'and erased from its files';
    process.stderr.write(`redacted, as sequence ${sequence}, ${done}\n`);
  });
}

async function confirm(target: RedactTarget, signal: AbortSignal): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError('there is no terminal to ask on; say --yes to erase the data unasked');
  }
  const what =
    'sequences' in target ? countOf(target.sequences.length, 'event') : 'all events of the object';
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `This erases the data of ${what}, for good. Type "erase" to go on: `;
    const typed = await terminal.question(question, { signal });
    if (typed.trim() !== 'erase') throw new UsageError('nothing was erased');
  } finally {
    terminal.close();
  }
}
