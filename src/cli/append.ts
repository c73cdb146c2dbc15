import { AtedbError } from '../bytes/index.ts';
import type {
  AppendEvent,
  AppendOptions,
  AtedbClient,
  Chain,
  OnNotice,
  OpenOptions,
} from '../client/index.ts';
import type { TrustMode } from '../event/index.ts';
import { appendSummary, committedJson } from './append-lines.ts';
import { Appender } from './appender.ts';
import { type BatchRule, recordBytesMax } from './batcher.ts';
import { connectTo } from './connect-to.ts';
import { ConnectionTeller } from './connection-teller.ts';
import { eachRecord, type RecordSource } from './each-record.ts';
import { openInput } from './input.ts';
import { noticeWriter } from './notices.ts';
import { type Output, runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { prepareRules } from './prepare-rules.ts';
import { printRequests } from './print-requests.ts';
import { Progress } from './progress.ts';
import { RecordSplitter, type SplitRule } from './record-splitter.ts';
import type { SaidRules } from './rule-flags.ts';
import type { ServerTarget } from './server-target.ts';
import { namesReaders } from './set-rules.ts';
import { loadSigners } from './signing.ts';

/** What `atedb append` is told. */
export interface AppendSettings {
  /** `ate://host:port/<chain key>`, and `host:port`. */
  readonly address: string;
  readonly server: ServerTarget;
  /** `-` for standard input. */
  readonly file: string;
  readonly rule: SplitRule;
  readonly event: Omit<AppendEvent, 'data'>;
  /** Whether the object comes from elsewhere with the first event. */
  readonly moves: boolean;
  /** Set with the first event; readers, before it. */
  readonly rules: SaidRules;
  /** Whether the chain is confidential, if this makes it. */
  readonly confidential: boolean;
  /** Whether the chain is private, if this makes it. */
  readonly private: boolean;
  /** Whether the size of sealed data is hidden. */
  readonly pad: boolean;
  /** Names of keys that sign besides; of the one that the events are by. */
  readonly coSign: readonly string[];
  readonly author: string | undefined;
  readonly eventsMax: number;
  readonly append: AppendOptions;
  readonly key: string | undefined;
  readonly sign: boolean;
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  /** Of a sealed key; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
  readonly print: boolean;
}

/** How long a batch that is begun waits for more from a pipe, in milliseconds. */
const flushMs = 20;

/** Append a file or standard input to a chain, or print the requests that would. */
export async function appendInput(settings: AppendSettings): Promise<void> {
  const { server, address, key, chainId, trustMode, json } = settings;
  await runWithOutput(async (output, stop) => {
    const input = await openInput(settings.file);
    const notify = noticeWriter(json);
    const connection = new ConnectionTeller(notify);
    const onNotice: OnNotice = (notice) => {
      if (notice.kind === 'reconnecting') connection.lost(notice.cause);
      else notify(notice);
    };
    try {
      const passphrase = passphraseFrom(settings.passphraseFile);
      await using client = await connectTo(server, { onNotice, passphrase }, json);
      const chain = await openChain(client, address, settings, {
        forAppend: true,
        pad: settings.pad,
        private: settings.private,
        // Only who is on the server's machine is let, and is told of it.
        claim: true,
        key,
        chainId,
        trustMode,
        signBatches: settings.sign,
        asNewWriter: isConditional(settings.append),
        // Appends are batches already: none is to be put together with another.
        batchEventsMax: 1,
        signal: stop,
      });
      const signers = await loadSigners(settings, passphrase);
      const rules = await prepareRules(
        chain,
        settings,
        { ...signers.signing, signal: stop },
        notify,
      );
      const { moves } = settings;
      const plan = {
        event: { ...settings.event, ...signers.event },
        first: { ...rules, ...(moves && { moves }) },
        coSigners: signers.signing.coSigners?.length,
        pads: settings.pad,
        append: { ...settings.append, ...signers.signing },
      };
      if (input.terminal) {
        process.stderr.write('atedb: type events, a line each, and end with Ctrl-D\n');
      }
      const splitter = new RecordSplitter(settings.rule, recordBytesMax);
      const run = { input, splitter, output, stop, settings, plan, connection };
      if (settings.print) await printRequests(chain, run);
      else await append(chain, run);
    } finally {
      input.stream.destroy();
    }
  });
}

/**
 * Open the chain. Where readers are named, a chain that this makes is confidential, and one that is there may be in clear, so that
 * only an object of it is sealed. Where `--confidential` was said, it must be confidential.
 */
async function openChain(
  client: AtedbClient,
  address: string,
  { confidential, rules }: AppendSettings,
  options: OpenOptions,
): Promise<Chain> {
  if (!confidential && !namesReaders(rules)) return client.open(address, options);
  try {
    return await client.open(address, { ...options, confidential: true });
  } catch (error) {
    const isClear = error instanceof AtedbError && error.reason === 'READ_RULE_MISMATCH';
    if (!isClear) throw error;
    if (confidential) throw notConfidential(address);
    return client.open(address, options);
  }
}

function notConfidential(address: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${address} is there, and is not confidential: that is fixed when a chain is made. Leave --confidential out, and seal objects of it with --read`,
    { metadata: { field: 'confidential' } },
  );
}

/** What goes with the events, now that all keys are found. */
interface AppendPlan extends Omit<BatchRule, 'eventsMax'> {
  readonly append: AppendOptions;
}

/** What a run works with. */
export interface AppendRun extends RecordSource {
  readonly output: Output;
  readonly settings: AppendSettings;
  readonly plan: AppendPlan;
  readonly connection: ConnectionTeller;
}

async function append(chain: Chain, run: AppendRun): Promise<void> {
  const { output, settings } = run;
  const appender = new Appender(chain, {
    ...run.plan,
    eventsMax: settings.eventsMax,
    flushMs: run.input.live ? flushMs : undefined,
    onCommitted: (committed) => {
      run.connection.answered();
      if (settings.json) output.write(`${committedJson(committed)}\n`);
    },
  });
  let failure: unknown;
  const stop = AbortSignal.any([run.stop, appender.failed]);
  await addAll(appender, { ...run, stop }).catch((error) => {
    failure = error;
  });
  await appender.finish().catch((error) => {
    failure = error;
  });
  if (!settings.json) process.stderr.write(`${appendSummary(appender.tally)}\n`);
  if (failure !== undefined) throw failure;
}

async function addAll(appender: Appender, run: AppendRun): Promise<void> {
  const { bytes } = run.input;
  using progress = new Progress({
    what: 'appending',
    unit: 'byte',
    total: bytes,
    // Who feeds a pipe sees what goes in, and may show that on this terminal, too.
    isBusy: bytes === undefined || (run.settings.json && process.stdout.isTTY === true),
  });
  await eachRecord(run, (record) => {
    progress.add(record.length + 1);
    return appender.add(record);
  });
}

/**
 * Whether appends depend on what others have written. To a command all others are: another one of this user's, too, which a
 * writer that goes on from it would not be told of.
 */
function isConditional({ unchangedSince, objectsUnchangedSince }: AppendOptions): boolean {
  return unchangedSince !== undefined || (objectsUnchangedSince?.length ?? 0) > 0;
}
