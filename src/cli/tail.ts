import type { SubscriptionSignal } from '../client/index.ts';
import { connectTo } from './connect-to.ts';
import { ConnectionTeller } from './connection-teller.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { type PrintSettings, printEvents } from './print-events.ts';
import type { ReadTarget } from './read.ts';
import type { ReaderSettings } from './reader-flags.ts';
import type { StartPoint } from './start-point.ts';

/** What `atedb tail` is told. */
export interface TailSettings extends ReadTarget, ReaderSettings, PrintSettings {
  readonly from: StartPoint;
}

/** Print a chain's events from a point on, then those that are appended, until it is stopped. */
export async function tailChain(settings: TailSettings): Promise<void> {
  const { server, address, chainId, trustMode, from, json } = settings;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    const passphrase = passphraseFrom(settings.passphraseFile);
    await using client = await connectTo(server, { onNotice: notify, passphrase });
    const { key, checkRules } = settings;
    const chain = await client.open(address, { key, checkRules, chainId, trustMode, signal });
    const connection = new ConnectionTeller(notify);
    const onSignal = (told: SubscriptionSignal) => {
      if (told.kind === 'reconnecting') connection.lost(told.cause);
      else connection.answered();
    };
    await printEvents(chain.subscribe({ from, onSignal, signal }), output, settings, {
      // It has no end at which that could be told.
      onMissing: (event, sealed) => void sealed.notice(event).then(notify),
    });
  });
}
