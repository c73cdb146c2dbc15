import { text } from 'node:stream/consumers';
import {
  type AtedbClient,
  type Chain,
  connect,
  parsePublicKeyText,
  publicKeyText,
} from '../../src/client/index.ts';
import type { Job, Order, ReadResult, Result } from './jobs.ts';

// The TypeScript client's part of the matrix: see jobs.ts.

const order: Order = JSON.parse(await text(process.stdin));
const results: Result[] = [];
for (const job of order.jobs) {
  try {
    results.push(await carryOut(job));
  } catch (error) {
    results.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(results));

async function carryOut(job: Job): Promise<Result> {
  const encryption = job.do === 'key' ? undefined : job.encryption;
  await using client = await connect(order.server, { home: order.home, encryption });
  if (job.do === 'key') return { key: await ownKey(client) };
  const { chain: key, trustMode, confidential } = job;
  const forAppend = job.do === 'append';
  const claim = forAppend && job.claim;
  await using chain = await client.open(key, { trustMode, confidential, forAppend, claim });
  if (job.do === 'read') return await readAll(chain);
  if (confidential && chain.genesis === undefined) {
    await chain.setReaders(job.readers.map((reader) => parsePublicKeyText(reader, 'a reader')));
  }
  const appended = await Promise.all(job.texts.map((data) => chain.append({ data })));
  return { last: appended.at(-1)?.lastSequence ?? -1 };
}

async function ownKey(client: AtedbClient): Promise<string> {
  await using chain = await client.open('example.com/matrix/none', { forAppend: true });
  return publicKeyText(await chain.ownKey());
}

async function readAll(chain: Chain): Promise<ReadResult> {
  const events: ReadResult['events'][number][] = [];
  for await (const event of chain.read()) {
    events.push({
      sequence: event.sequence,
      kind: event.kind,
      primaryKey: event.primaryKey.toString('hex'),
      data: event.data?.toString('hex') ?? '',
      sealed: event.sealed?.state ?? '',
      fingerprint: event.fingerprint.toString('hex'),
      writerId: event.writerId.toString('hex'),
      vouchedBy: event.vouchedBy,
      committedUnixMs: event.committedUnixMs,
    });
  }
  const { head, chainId } = chain;
  return {
    chainId: chainId?.toString('hex') ?? '',
    size: head?.size ?? 0,
    root: head?.root.toString('hex') ?? '',
    events,
  };
}
