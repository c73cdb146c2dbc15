import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { type AtedbClient, connect } from '../../src/client/index.ts';
import { appendAll } from '../load/sdk-session.ts';
import type { ClientJob, ClientOrder, ClientResult } from './jobs.ts';

// The TypeScript client's part of the benchmark of clients: see jobs.ts.

const { server, home, jobs }: ClientOrder = JSON.parse(await text(process.stdin));
const results: ClientResult[] = [];
for (const job of jobs) {
  await using client = await connect(server, { home });
  try {
    results.push(await (job.do === 'append' ? append(client, job) : replay(client, job)));
  } catch (error) {
    results.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(results));

async function append(
  client: AtedbClient,
  { chain: key, batches, eventsPerBatch, dataBytes, inFlight }: ClientJob & { do: 'append' },
): Promise<ClientResult> {
  const options = { forAppend: true, batchEventsMax: eventsPerBatch };
  await using chain = await client.open(key, options);
  await chain.append({ data: randomBytes(dataBytes) });
  const lists = Array.from({ length: batches }, () =>
    Array.from({ length: eventsPerBatch }, () => ({ data: randomBytes(dataBytes) })),
  );
  const startMs = performance.now();
  await appendAll(chain, lists, inFlight);
  return { events: batches * eventsPerBatch, seconds: (performance.now() - startMs) / 1000 };
}

async function replay(
  client: AtedbClient,
  { chain: key }: ClientJob & { do: 'replay' },
): Promise<ClientResult> {
  await using chain = await client.open(key);
  const startMs = performance.now();
  let events = 0;
  let bytes = 0;
  for await (const { data } of chain.read()) {
    events += 1;
    bytes += data?.length ?? 0;
  }
  const seconds = (performance.now() - startMs) / 1000;
  if (bytes === 0) throw new Error('it has read no data');
  return { events, seconds };
}
