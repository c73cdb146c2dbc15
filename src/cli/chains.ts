import { connectTo } from './connect-to.ts';
import { runWithOutput } from './output.ts';
import { grouped, safeText } from './safe-text.ts';
import type { ServerTarget } from './server-target.ts';

/** List the chains of a server: a table, or a line of JSON each. */
export async function listChains(settings: {
  server: ServerTarget;
  prefix: string | undefined;
  json: boolean;
}): Promise<void> {
  const { server, prefix, json } = settings;
  await runWithOutput(async (output, signal) => {
    await using client = await connectTo(server, {}, json);
    const options = prefix === undefined ? { signal } : { signal, prefix };
    let count = 0;
    for await (const { chainKey, logBytes, open } of client.listChains(options)) {
      count += 1;
      if (json) {
        await output.write(`${JSON.stringify({ chainKey, logBytes, open })}\n`);
        continue;
      }
      // The key comes last: nothing need be known of the others to line it up.
      if (count === 1) await output.write(tableRow('BYTES', 'STATE', 'CHAIN KEY'));
      const state = open ? 'in use' : 'idle';
      await output.write(tableRow(grouped(logBytes), state, safeText(chainKey)));
    }
    if (count === 0 && !json) {
      const whose = prefix === undefined ? '' : ` that starts with ${safeText(prefix)}`;
      process.stderr.write(`atedb: ${server.address} has no chain${whose}\n`);
    }
  });
}

function tableRow(bytes: string, state: string, chainKey: string): string {
  return `${bytes.padStart(17)}  ${state.padEnd(6)}  ${chainKey}\n`;
}
