import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AtedbClient, type Chain, connect, type TreeHead } from '../src/client/index.ts';
import { RealStorage } from '../src/log/index.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { eventually } from './support/eventually.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { runHere } from './support/run-here.ts';
import { rounds } from './support/scale.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const chainKey = 'team/verify';

let folder: string;
let home: string;
let server: TestServer;
let proxy: LyingProxy;
let client: AtedbClient;
let chain: Chain;
let head: TreeHead;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-verify-'));
  home = join(folder, 'home');
  server = await TestServer.start({ trustMode: 'distributed', segmentBytesMax: 20_000 });
  proxy = await LyingProxy.start(server.address);
  client = await connect(server.address, { home });
  chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let batch = 0; batch < 8; batch += 1) {
    // A file that is being replaced may go in the middle of it.
    if (batch === 7) await eventually(() => cpSync(served(), older(), { recursive: true }));
    await chain.append([{ data: `${batch}a` }, { data: randomBytes(900) }]);
  }
  ({ head } = await client.describe(chainKey));
});

afterAll(async () => {
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const atedb = (args: readonly string[], environment = { ATE_HOME: home }) =>
  runHere('atedb', args, { environment });
const address = (of = server.address) => `ate://${of}/${chainKey}`;
const served = () => join(server.logsPath, 'team', 'verify.chain');
/** A copy that was made one batch earlier. */
const older = () => join(folder, 'older');
const hexOfHead = () => `${head.size}:${head.root.toString('hex')}`;

describe('a folder', () => {
  test('verifies while a server has it open, and what it holds is told', async () => {
    const found = await atedb(['verify', served()]);
    expect(found, found.stderr).toMatchObject({ code: 0, stderr: '' });
    for (const part of [
      'team/verify: verified',
      `id ${chain.chainId?.toString('hex')} (distributed); whether that is the chain that you mean, only its id says`,
      '9 commits, 17 events, from ',
      `head ${hexOfHead()}`,
      'signed by their writers: 9 batches (17 events); of each writer the last signature in each slice',
      `key ${testKey.publicKey.fingerprintHex}: 9 batches (17 events), `,
    ]) {
      expect(found.stdout).toContain(part);
    }
    expect(found.stdout).not.toContain('vouched by server only');
  });

  test('is one JSON object with --json, and a copy is enough', async () => {
    const copy = join(folder, 'copy');
    cpSync(served(), copy, { recursive: true });
    const id = chain.chainId?.toString('hex') ?? '';
    const args = ['--json', '--all-signatures', '--chain-id', id, '--head', hexOfHead()];
    const found = await atedb(['verify', copy, ...args], { ATE_HOME: join(folder, 'nobody') });
    expect(found, found.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(found.stdout)).toMatchObject({
      verdict: 'verified',
      chainKey,
      chainId: id,
      pinned: true,
      trustMode: 'distributed',
      commits: 9,
      events: 17,
      signatures: 'all',
      vouchedBy: {
        signed: { batches: 9, events: 17 },
        coveredLater: { batches: 0 },
        serverOnly: { batches: 0 },
      },
      keys: [{ fingerprint: testKey.publicKey.fingerprintHex, batches: 9, events: 17 }],
      files: { derived: [], others: [], notes: [], tornBytes: 0, moved: false },
      violations: [],
    });
  });

  test('is known to hold what was read of it', async () => {
    await client.open(chainKey).then((opened) => opened.close());
    const known = await atedb(['verify', served(), '--known']);
    expect(known, known.stderr).toMatchObject({ code: 0 });
    expect(known.stdout).toContain(`known head ${hexOfHead()}`);
    const nobody = await atedb(['verify', served(), '--known'], { ATE_HOME: join(folder, 'x') });
    expect(nobody).toMatchObject({ code: 2, stdout: '' });
    expect(nobody.stderr).toContain('has no head of the chain team/verify');
  });

  test('that is damaged ends it with 9, and says where', async () => {
    const copy = join(folder, 'damaged');
    cpSync(served(), copy, { recursive: true });
    const file = join(copy, 'segment-00000000.log');
    const bytes = readFileSync(file);
    bytes[9_000] = (bytes[9_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const found = await atedb(['verify', copy]);
    expect(found).toMatchObject({ code: 9 });
    expect(found.stdout).toMatch(
      /team\/verify: does not verify\n {2}VIOLATION segment-00000000\.log at offset \d+, commit \d+, sequence \d+: corrupt: a checksum does not fit\n/,
    );
    expect(found.stdout).toMatch(/behind that, \d batch(es)? \(\d+ events\) verify by themselves/);
    expect(found.stderr).toMatch(/damaged does not verify: 1 violation\n$/);
    const json = await atedb(['verify', copy, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: 'violated',
      violations: [{ file: 'segment-00000000.log', commit: expect.any(Number) }],
    });
    expect(JSON.parse(json.stderr)).toMatchObject({ reason: 'VERIFICATION_FAILED' });
    expect(readFileSync(file)).toEqual(bytes);
  });

  test('that is rolled back is found by a head that is known', async () => {
    const rolledBack = await atedb(['verify', older(), '--head', hexOfHead()]);
    expect(rolledBack).toMatchObject({ code: 9 });
    expect(rolledBack.stdout).toContain('a head of 9 commits is known, and there are 8');
    expect(await atedb(['verify', older()])).toMatchObject({ code: 0 });
  });

  test('verifies at any moment of its being written to', async () => {
    await using busy = await TestServer.start({
      trustMode: 'centralized',
      segmentBytesMax: 30_000,
    });
    await using writing = await testClient(busy.address);
    const growing = await writing.open(chainKey, { key: testKey, forAppend: true });
    await growing.append({ data: 'first' });
    let stop = false;
    let appended = 0;
    // So many, or who verifies the whole chain each time falls behind who writes it, ever further.
    let allowed = 0;
    const appending = (async () => {
      while (!stop) {
        if (appended >= allowed) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        await Promise.all(
          Array.from({ length: 20 }, () => growing.append({ data: randomBytes(300) })),
        );
        appended += 20;
      }
    })();
    const storage = new RealStorage();
    const of = { chainId: undefined, trustMode: undefined, allSignatures: false };
    let moved = 0;
    try {
      // However slow the machine is: until it was written to meanwhile, and has gone on in another segment.
      const isThrough = () => moved > 0 && appended >= 200;
      for (let round = 0; round < rounds({ short: 6, long: 60 }) || !isThrough(); round += 1) {
        allowed = appended + 100;
        const found = await verifyFolder({
          ...{ storage, folder: join(busy.logsPath, 'team', 'verify.chain'), ...of },
          headsOf: async () => [],
        });
        expect(found.violations.list).toEqual([]);
        moved += found.moved ? 1 : 0;
      }
    } finally {
      stop = true;
      await appending;
    }
    // Its file of tokens is no strange one.
    await (await growing.lock({ name: 'job' })).release();
    const last = await verifyFolder({
      ...{ storage, folder: join(busy.logsPath, 'team', 'verify.chain'), ...of },
      headsOf: async () => [],
    });
    expect(last).toMatchObject({ derived: [], others: [], notes: [], tornBytes: 0, moved: false });
    expect(last.segments).toBeGreaterThan(1);
    expect(moved).toBeGreaterThan(0);
  }, 600_000);
});

describe('a server', () => {
  test('sends a chain that verifies', async () => {
    const found = await atedb(['verify', address(), '--json']);
    expect(found, found.stderr).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(found.stdout);
    expect(report).toMatchObject({ verdict: 'verified', commits: 9, events: 17, violations: [] });
    expect(report.files).toBeUndefined();
    expect(`${report.head.size}:${report.head.root}`).toBe(hexOfHead());
  });

  test('that alters a byte of what it sends is found out, or it was of no account', async () => {
    const size = { bytes: 0 };
    let violated = 0;
    const runs = rounds({ short: 10, long: 100 });
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.nat(45_000)),
        fc.integer({ min: 1, max: 255 }),
        async (byte, by) => {
          let before = 0;
          proxy.lie = (method, answer) => {
            if (method !== 'readEvents') return answer;
            const offset = byte - before;
            before += answer.length;
            size.bytes = Math.max(size.bytes, before);
            if (offset < 0 || offset >= answer.length) return answer;
            const altered = Buffer.from(answer);
            altered[offset] = ((altered[offset] ?? 0) + by) % 256;
            return altered;
          };
          const environment = { ATE_HOME: join(folder, 'victim') };
          const args = ['verify', address(proxy.address), '--all-signatures', '--json'];
          const found = await atedb(args, environment);
          const report = JSON.parse(found.stdout);
          if (found.code === 9) {
            expect(report.verdict).toBe('violated');
            expect(report.violations.length).toBeGreaterThan(0);
            violated += 1;
          } else {
            expect(found).toMatchObject({ code: 0 });
            expect(`${report.head.size}:${report.head.root}`).toBe(hexOfHead());
          }
        },
      ),
      { numRuns: runs },
    );
    proxy.lie = (_method, answer) => answer;
    expect(violated).toBeGreaterThan(runs / 5);
  }, 600_000);

  test.each([
    ['leaves out the end', (kind: number) => (kind === 4 ? undefined : 'same')],
    ['leaves out the history', (kind: number) => (kind === 2 ? undefined : 'same')],
    ['sends its history twice', (kind: number) => (kind === 2 ? 'twice' : 'same')],
  ] as const)('that %s is found out', async (_what, lie) => {
    proxy.lie = (method, answer) => {
      if (method !== 'readEvents') return answer;
      const does = lie((answer[0] ?? 0) >> 3);
      if (does === undefined) return undefined;
      // Fields may come twice in a message: a slice then is the later one, so it is said within one.
      return does === 'twice' ? doubled(answer) : answer;
    };
    const found = await atedb(['verify', address(proxy.address)]);
    proxy.lie = (_method, answer) => answer;
    expect(found, found.stdout).toMatchObject({ code: 9 });
    expect(found.stdout).toContain('team/verify: does not verify');
  });

  test('that serves an older state, another chain or none is found out', async () => {
    const elsewhere = await TestServer.start({ trustMode: 'distributed' });
    const truth = await LyingProxy.start(elsewhere.address);
    try {
      await using other = await testClient(elsewhere.address);
      const another = await other.open(chainKey, { key: testKey, forAppend: true });
      await another.append({ data: 'x' });
      const id = chain.chainId?.toString('hex') ?? '';
      const pinned = await atedb(['verify', address(truth.address), '--chain-id', id]);
      expect(pinned).toMatchObject({ code: 9 });
      expect(pinned.stdout).toMatch(/VIOLATION .*has the id/);
      const short = await atedb(['verify', address(truth.address), '--head', hexOfHead()]);
      expect(short).toMatchObject({ code: 9 });
      expect(short.stdout).toContain('a head of 9 commits is known, and there are 2');
      const mode = await atedb(['verify', address(truth.address), '--trust', 'centralized']);
      expect(mode).toMatchObject({ code: 9 });
    } finally {
      await truth[Symbol.asyncDispose]();
      await elsewhere[Symbol.asyncDispose]();
    }
    const gone = await atedb(['verify', address().replace('verify', 'none')]);
    expect(gone).toMatchObject({ code: 3, stdout: '' });
    expect(await atedb(['verify', address(truth.address)])).toMatchObject({ code: 4 });
  });
});

test('a wrong command line ends it with 2', async () => {
  for (const args of [
    [],
    [join(folder, 'nowhere')],
    [folder],
    [address(), '--known'],
    [served(), '--head', 'x'],
    [served(), '--head', `0:${'0'.repeat(64)}`],
    ['ate://localhost/not-a-key'],
  ]) {
    expect(await atedb(['verify', ...args]), args.join(' ')).toMatchObject({ code: 2, stdout: '' });
  }
});

/** A message with its slice twice in one. */
function doubled(answer: Buffer): Buffer {
  let at = 1;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = answer[at++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const slice = answer.subarray(at, at + length);
  const twice: number[] = [];
  for (let rest = 2 * length; ; rest >>>= 7) {
    twice.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    if (rest < 0x80) break;
  }
  return Buffer.concat([answer.subarray(0, 1), Buffer.from(twice), slice, slice]);
}
