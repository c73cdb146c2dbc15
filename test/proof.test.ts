import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GetProofResponse, GetProofResponseSchema } from '../gen/atedb/v1/chain_pb.js';
import { DataState } from '../gen/atedb/v1/event_pb.js';
import {
  type AtedbClient,
  AtedbError,
  type Chain,
  checkProof,
  parseProof,
  proofText,
  type TreeHead,
} from '../src/client/index.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { runHere } from './support/run-here.ts';
import { rounds } from './support/scale.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/proofs';
const doubts = new Set(['VERIFICATION_FAILED', 'HEAD_CONFLICT']);

let server: TestServer;
let proxy: LyingProxy;
let client: AtedbClient;
let chain: Chain;
const heads: TreeHead[] = [];
let folder: string;
const data = (sequence: number) => Buffer.from(`event ${sequence}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-proof-'));
  server = await TestServer.start({ trustMode: 'distributed' });
  proxy = await LyingProxy.start(server.address);
  client = await testClient(proxy.address);
  chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let batch = 0, sequence = 1; batch < 12; batch += 1) {
    const events = Array.from({ length: 1 + (batch % 4) }, () => ({ data: data(sequence++) }));
    await chain.append(events);
    await client.open(chainKey).then((one) => heads.push(one.head as TreeHead));
  }
});

afterAll(async () => {
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe('chain.prove', () => {
  test('proves any event, in the tree of any size that has it, with data and without', async () => {
    const { nextSequence } = await client.describe(chainKey);
    const stride = rounds({ short: 3, long: 1 });
    for (let sequence = 0; sequence < nextSequence; sequence += stride) {
      const withData = sequence % 2 === 1;
      const { proof, facts } = await chain.prove({ sequence, withData });
      expect(await checkProof(parseProof(proofText(proof)))).toEqual(facts);
      expect(facts.event).toMatchObject({ sequence, vouchedBy: 'writer' });
      expect(facts.event?.data).toEqual(withData ? data(sequence) : undefined);
      const least = (facts.event?.commit.commit ?? 0) + 1;
      const older = await chain.prove({ sequence, size: least });
      expect(older.facts.head.size).toBe(least);
      await expect(chain.prove({ sequence, size: least - 1 })).rejects.toMatchObject({
        reason: least === 1 ? 'REQUEST_INVALID' : 'SEQUENCE_OUT_OF_RANGE',
      });
    }
    for (const sequence of [nextSequence, nextSequence + 1]) {
      await expect(chain.prove({ sequence })).rejects.toMatchObject({
        reason: 'SEQUENCE_OUT_OF_RANGE',
      });
    }
  });

  test('proves that the chain extends each of its heads, and no other', async () => {
    const size = heads.at(-1)?.size ?? 0;
    for (const [at, head] of heads.entries()) {
      expect((await chain.prove({ fromSize: head.size })).facts.older).toEqual(head);
      const between = heads[Math.floor((at + heads.length) / 2)] as TreeHead;
      const { facts } = await chain.prove({ fromSize: head.size, size: between.size });
      expect(facts).toMatchObject({ older: head, head: between });
    }
    for (const asked of [
      { fromSize: size + 1 },
      { fromSize: 5, size: 4 },
      { fromSize: 1, size: size + 1 },
    ]) {
      await expect(chain.prove(asked)).rejects.toMatchObject({ reason: 'SEQUENCE_OUT_OF_RANGE' });
    }
    for (const asked of [{}, { fromSize: 0 }, { sequence: -1 }, { sequence: 0.5 }, { size: 3 }]) {
      await expect(chain.prove(asked)).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    }
  });

  test('proves across segments and restarts', async () => {
    await using small = await TestServer.start({ limits: { segmentBytesMax: 20_000 } } as never);
    await using other = await testClient(small.address);
    const long = await other.open(chainKey, { key: testKey, forAppend: true });
    for (let batch = 0; batch < 12; batch += 1) await long.append({ data: randomBytes(3_000) });
    await small.restart();
    await using again = await testClient(small.address);
    const opened = await again.open(chainKey);
    for (const sequence of [0, 1, 6, 12]) {
      const { facts } = await opened.prove({ sequence, fromSize: 3, withData: true });
      expect(facts).toMatchObject({ event: { sequence }, older: { size: 3 } });
    }
  });

  test('no altered byte of a proof gets through', async () => {
    let refused = 0;
    const runs = rounds({ short: 25, long: 600 });
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.nat(13_000)),
        fc.integer({ min: 1, max: 255 }),
        async (byte, by) => {
          proxy.lie = (method, answer) => {
            if (method !== 'getProof' || byte >= answer.length) return answer;
            const altered = Buffer.from(answer);
            altered[byte] = ((altered[byte] ?? 0) + by) % 256;
            return altered;
          };
          const proven = await chain
            .prove({ sequence: 9, fromSize: 4, withData: true })
            .catch((error) => error);
          if (proven instanceof AtedbError) {
            expect(doubts).toContain(proven.reason);
            refused += 1;
          } else {
            expect(proven.facts).toMatchObject({ head: heads.at(-1), older: heads[2] });
            expect(proven.facts.event.data).toEqual(data(9));
          }
        },
      ),
      { numRuns: runs },
    );
    proxy.lie = (_method, answer) => answer;
    expect(refused).toBeGreaterThan(runs / 2);
  });

  test('a proof that holds, of something else than was asked for, is refused', async () => {
    await using elsewhere = await client.open('team/elsewhere', { key: testKey, forAppend: true });
    await elsewhere.append([{ data: data(1) }, { data: data(2) }]);
    const asked = { sequence: 1, fromSize: 1, withData: true };
    const others: Buffer[] = [];
    proxy.lie = (method, answer) => {
      if (method === 'getProof') others.push(answer);
      return answer;
    };
    await elsewhere.prove(asked);
    for (const changes of [
      { sequence: 2 },
      { fromSize: 2 },
      { withData: false },
      { sequence: undefined },
      { fromSize: undefined },
      { size: 8 },
    ]) {
      await chain.prove({ ...asked, size: 7, ...changes });
    }
    for (const other of others) {
      proxy.lie = (method, answer) => (method === 'getProof' ? other : answer);
      await expect(chain.prove({ ...asked, size: 7 })).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
    }
    proxy.lie = (_method, answer) => answer;
    expect((await chain.prove({ ...asked, size: 7 })).facts.head).toEqual(heads[5]);
  });
});

test('GetProof, for clients without this SDK', async () => {
  using raw = server.client();
  const refused = async (request: Parameters<typeof raw.getProof>[0]) =>
    expect(raw.getProof({ chainKey, ...request })).rejects.toThrow(/REQUEST_INVALID|a sequence or/);
  await refused({});
  await refused({ size: 3n });
  const { event, from, consistency }: GetProofResponse = await raw.getProof({
    chainKey,
    sequence: 2n,
  });
  expect(event?.event).toMatchObject({ dataState: DataState.OMITTED });
  expect(event?.event?.data).toHaveLength(0);
  expect(from).toBeUndefined();
  expect(consistency).toEqual([]);
});

test('many proofs at once, of batches that fill what memory there is, are all given', async () => {
  const limits = { readBytesMax: 8 * 1024 * 1024 };
  await using small = await TestServer.start({ limits });
  {
    await using writing = await testClient(small.address);
    const long = await writing.open(chainKey, { key: testKey, forAppend: true });
    for (let batch = 0; batch < 2; batch += 1) await long.append({ data: Buffer.alloc(3_500_000) });
  }
  // What was written last is in memory for all readers, until a restart.
  await small.restart();
  using raw = small.client();
  const asked = Array.from({ length: 6 }, () =>
    raw.getProof({ chainKey, sequence: 1n, withData: true }),
  );
  const answers = await Promise.all(asked);
  expect(answers.map(({ event }) => event?.event?.data.length)).toEqual(Array(6).fill(3_500_000));
}, 30_000);

describe('atedb proof', () => {
  const address = () => `ate://${server.address}/${chainKey}`;
  const atedb = (args: readonly string[], input = '') =>
    runHere('atedb', args, { environment: { ATE_HOME: join(folder, 'home') }, input });

  test('writes a file that is checked without server and home', async () => {
    const file = join(folder, 'nine.json');
    const written = await atedb([
      'proof',
      address(),
      '9',
      '--with-data',
      '--from',
      '4',
      '--output',
      file,
    ]);
    expect(written, written.stderr).toMatchObject({ code: 0, stderr: '' });
    const checked = await atedb(['proof', '--check', file]);
    expect(checked).toMatchObject({ code: 0, stderr: '', stdout: written.stdout });
    const known = heads.at(-1) as TreeHead;
    for (const part of [
      `it is of the chain team/proofs (distributed), whose id is ${chain.chainId?.toString('hex')}`,
      'event 9 is of kind data',
      'its data (7 bytes) is event 9',
      `that batch is signed by the key ${testKey.publicKey.fingerprintHex}, which the genesis names`,
      `its head is of 13 commits and 31 events, from the genesis on, and has the root ${known.root.toString('hex')}`,
      `its history extends that of 4 commits with the root ${heads[2]?.root.toString('hex')}`,
      'not shown\n  whether others were shown the same history',
    ]) {
      expect(checked.stdout).toContain(part);
    }
    const again = await atedb(['proof', address(), '9', '--output', file]);
    expect(again).toMatchObject({ code: 1, stdout: '' });

    const text = readFileSync(file, 'utf8');
    const json = await atedb(['proof', '--check', '-', '--json'], text);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: 'verified',
      chainKey,
      event: { sequence: 9, vouchedBy: 'writer', data: data(9).toString('base64') },
      older: { size: 4 },
    });
  });

  test('prints the proof where no file is named; --head and --chain-id pin what it is of', async () => {
    const printed = await atedb(['proof', address(), '9', '--json']);
    expect(printed.stdout.split('\n')).toHaveLength(2);
    const file = join(folder, 'printed.json');
    writeFileSync(file, printed.stdout);
    const known = heads.at(-1) as TreeHead;
    const head = `${known.size}:${known.root.toString('hex')}`;
    const id = chain.chainId?.toString('hex') ?? '';
    const good = await atedb(['proof', '--check', file, '--head', head, '--chain-id', id]);
    expect(good.stdout).toContain('that head is the one that you named');
    const wrong = known.root.toString('hex').replace(/^../, (two) => (two === '00' ? '01' : '00'));
    for (const [flag, value, message] of [
      ['--head', `${known.size}:${wrong}`, 'the proof is of another history'],
      ['--head', `3:${wrong}`, 'the proof says nothing of a head of 3 commits'],
      ['--chain-id', wrong, 'the proof is of the chain with the id'],
    ] as const) {
      const bad = await atedb(['proof', '--check', file, flag, value]);
      expect(bad).toMatchObject({ code: 9, stdout: '' });
      expect(bad.stderr).toContain(message);
    }
  });

  test('refuses a spoilt file with 9, and a wrong command line with 2', async () => {
    const { stdout } = await atedb(['proof', address(), '9']);
    const spoilt = await atedb(
      ['proof', '--check', '-', '--json'],
      stdout.replace('"size": 13', '"size": 12'),
    );
    expect(spoilt).toMatchObject({ code: 9, stdout: '' });
    expect(JSON.parse(spoilt.stderr)).toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(/^the proof does not verify: /),
    });
    for (const args of [
      [],
      [address()],
      [address(), 'x'],
      [address(), '9', '--from', '0'],
      [address(), '9', '--head', '5'],
      ['--check', 'file', '--with-data'],
      [address(), '--check', 'file'],
    ]) {
      expect(await atedb(['proof', ...args]), args.join(' ')).toMatchObject({
        code: 2,
        stdout: '',
      });
    }
    expect(await atedb(['proof', '--check', join(folder, 'none')])).toMatchObject({ code: 1 });
    expect(await atedb(['proof', address(), '99'])).toMatchObject({ code: 3 });
  });

  test('a server that lies about a proof ends it with 5, and nothing is written', async () => {
    const answer = async (lie: (response: GetProofResponse) => void) => {
      proxy.lie = (method, bytes) => {
        if (method !== 'getProof') return bytes;
        const response = fromBinary(GetProofResponseSchema, bytes);
        lie(response);
        return Buffer.from(toBinary(GetProofResponseSchema, response));
      };
      const file = join(folder, 'lie.json');
      const lied = await atedb([
        'proof',
        `ate://${proxy.address}/${chainKey}`,
        '9',
        '--output',
        file,
      ]);
      expect(lied).toMatchObject({ code: 5, stdout: '' });
      expect(() => readFileSync(file)).toThrow('ENOENT');
    };
    await answer((response) => delete response.event);
    await answer((response) => delete response.genesis);
    await answer((response) => response.genesisInclusion.pop());
    await answer((response) => response.event?.path.reverse());
    await answer((response) => response.event?.seal?.signatures.pop());
    proxy.lie = (_method, bytes) => bytes;
  });
});
