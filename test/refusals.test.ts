import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ErrorReason } from '../gen/atedb/v1/errors_pb.js';
import { RealStorage, type StorageFile } from '../src/log/index.ts';
import { RawClient, reasonOf } from './support/raw-client.ts';
import { startStorageServer } from './support/storage-server.ts';
import { TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const chainKey = 'team/refusals';

/** A disk whose syncs wait while it is held. */
class HeldStorage extends RealStorage {
  #held: Promise<void> = Promise.resolve();
  /** Durable writes that have begun. */
  begun = 0;

  /** @returns what lets the syncs go on. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  override async open(...options: Parameters<RealStorage['open']>): Promise<StorageFile> {
    const file = await super.open(...options);
    const write = file.writeDurable.bind(file);
    file.writeDurable = async (offset, bytes) => {
      this.begun += 1;
      await this.#held;
      await write(offset, bytes);
    };
    return file;
  }
}

test('a refusal is not told before what it was decided on is durable', async () => {
  const logsPath = await mkdtemp(join(tmpdir(), 'atedb-refusals-'));
  onTestFinished(() => rm(logsPath, { recursive: true, force: true }));
  const storage = new HeldStorage();
  await using server = await startStorageServer({ storage, logsPath });
  using client = new RawClient(server.address);
  const { batch, writer } = await testGenesis({ chainKey, trustMode: 'distributed' });
  await client.appendBatch(batch.run, chainKey);
  const release = storage.hold();
  const before = storage.begun;
  const first = client.appendBatch((await writer.batch([testEvent('first')])).run, chainKey);
  await expect.poll(() => storage.begun).toBeGreaterThan(before);
  // Another writer's batch, refused because of one that a power cut could still take back.
  const other = new TestWriter(writer.chainId, writer.key);
  const preconditions = [{ kind: 'chain_unchanged', sinceSequence: 1 } as const];
  const { run } = await other.make([testEvent('refused')], { preconditions });
  const answers: string[] = [];
  const call = client.append();
  call.send(run, chainKey);
  const onStream = call.answer().then((answer) => {
    if (answer?.outcome.case !== 'rejected') throw new Error(JSON.stringify(answer?.outcome));
    answers.push(`stream ${ErrorReason[answer.outcome.value.reason]}`);
  });
  const alone = client.appendBatch(run, chainKey).catch((error: unknown) => {
    answers.push(`alone ${reasonOf(error)}`);
  });
  // What is read meanwhile is answered, and the refusals would have been, too.
  for (let tries = 0; tries < 20; tries += 1) {
    expect((await client.describeChain(chainKey)).nextSequence).toBe(1n);
  }
  expect(answers).toEqual([]);
  release();
  await Promise.all([first, onStream, alone]);
  expect(answers.sort()).toEqual(['alone PRECONDITION_FAILED', 'stream PRECONDITION_FAILED']);
  expect((await client.describeChain(chainKey)).nextSequence).toBe(2n);
  call.end();
});
