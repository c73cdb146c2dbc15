import { connect, type SubscriptionSignal } from '../client/index.ts';
import { noticeWriter, type ShownNotice } from './notices.ts';
import { runWithOutput } from './output.ts';
import { type PrintSettings, printEvents } from './print-events.ts';
import type { ReadTarget } from './read.ts';
import type { StartPoint } from './start-point.ts';

/** What `atedb tail` is told. */
export interface TailSettings extends ReadTarget, PrintSettings {
  readonly from: StartPoint;
}

/** Print a chain's events from a point on, then those that are appended, until it is stopped. */
export async function tailChain(settings: TailSettings): Promise<void> {
  const { server, address, chainId, trustMode, from, json } = settings;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    await using client = await connect(server, { onNotice: notify });
    const chain = await client.open(address, { chainId, trustMode, signal });
    const onSignal = reconnectionTeller(notify);
    await printEvents(chain.subscribe({ from, onSignal, signal }), output, settings);
  });
}

/** Tells of a lost connection once, however many attempts it takes, and of its return. */
export function reconnectionTeller(
  notify: (notice: ShownNotice) => void,
): (signal: SubscriptionSignal) => void {
  let lost = false;
  return (signal) => {
    if (signal.kind === 'reconnecting') {
      if (!lost) {
        const message = `lost the server, trying again until it is back: ${signal.cause.message}`;
        notify({ kind: 'reconnecting', message });
      }
      lost = true;
    } else if (lost) {
      lost = false;
      notify({ kind: 'reconnected', message: 'the server is back; nothing was missed' });
    }
  };
}
