import { connect } from '../client/index.ts';
import type { TrustMode } from '../event/index.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { type PrintSettings, printEvents } from './print-events.ts';

/** Which chain a command reads. */
export interface ReadTarget {
  /** `ate://host:port/<chain key>`, and `host:port`. */
  readonly address: string;
  readonly server: string;
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
}

/** What `atedb read` is told. */
export interface ReadSettings extends ReadTarget, PrintSettings {
  readonly from: number | undefined;
  /** The sequence after the last one. */
  readonly end: number | undefined;
  readonly reverse: boolean;
}

/** Print a range of a chain. */
export async function readChain(settings: ReadSettings): Promise<void> {
  const { server, address, chainId, trustMode, from, end, reverse, json, limit } = settings;
  await runWithOutput(async (output, signal) => {
    await using client = await connect(server, { onNotice: noticeWriter(json) });
    const chain = await client.open(address, { chainId, trustMode, signal });
    // Only what is printed counts towards the limit, and in JSON that is all.
    const events = chain.read({ from, end, reverse, limit: json ? limit : undefined, signal });
    await printEvents(events, output, settings);
  });
}
