import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';
import { clock, dayMs, letDaysPass } from './support/passing-days.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// `repair --from`: a chain of a server is damaged, and a backup has what was there.

// Time passes faster, where a test says so.
letDaysPass();

const cli = new CliFixture();
const chainKeys = ['team/one', 'team/two'];
const segment = (name: string) => join('team', `${name}.chain`, 'segment-00000001.log');

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atedb-repair-from-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function spoil(path: string): Buffer {
  const bytes = readFileSync(path);
  const at = bytes.length >>> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return bytes;
}

test('what a backup has whole is put back, and all events are there again', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 20_000 });
  const { logsPath } = server;
  const texts = Array.from({ length: 20 }, (_, at) => `text ${at}`);
  {
    await using client = await testClient(server.address);
    for (const chainKey of chainKeys) {
      const chain = await client.open(chainKey, { key: testKey, forAppend: true });
      for (const data of texts) await chain.append({ data });
    }
  }
  const backup = temporary();
  await server.restart(async () => {
    cpSync(join(logsPath, 'team'), join(backup, 'team'), { recursive: true });
  });
  {
    await using client = await testClient(server.address);
    const chain = await client.open('team/one', { key: testKey, forAppend: true });
    for (const data of texts) await chain.append({ data });
  }
  await server.restart(async () => {
    const whole = readFileSync(join(logsPath, segment('one')));
    const damaged = spoil(join(logsPath, segment('one')));
    spoil(join(logsPath, segment('two')));
    spoil(join(backup, segment('two')));
    const repair = (...flags: string[]) =>
      cli.atedb(['repair', logsPath, '--from', backup, ...flags]);

    const looked = await repair('--json');
    expect(looked.code).toBe(8);
    expect(jsonLines(looked.stdout)).toMatchObject([
      {
        chainKey: 'team/one',
        state: 'damaged',
        restored: { isDone: false, files: [{ file: 'segment-00000001.log', bytes: whole.length }] },
      },
      { chainKey: 'team/two', state: 'damaged' },
    ]);
    expect(readFileSync(join(logsPath, segment('one')))).toEqual(damaged);

    const done = await repair('--apply');
    // Of the second one the backup has nothing whole: it is left as it is.
    expect(done.code).toBe(8);
    expect(done.stdout).toMatch(/^team\/one: repaired, 41 events$/m);
    expect(done.stdout).toMatch(/^ {2}put back segment-00000001\.log from the backup/m);
    expect(done.stdout).toMatch(
      /^ {2}what was damaged is kept in set-aside-1: segment-00000001\.log$/m,
    );
    expect(done.stdout).toMatch(/^team\/two: damaged$/m);
    expect(done.stdout).toMatch(/^ {2}the backup has no file that would put anything right$/m);
    expect(readFileSync(join(logsPath, segment('one')))).toEqual(whole);
    expect(
      readFileSync(join(logsPath, 'team', 'one.chain', 'set-aside-1', 'segment-00000001.log')),
    ).toEqual(damaged);
    const sound = await cli.atedb(['repair', join(logsPath, 'team', 'one.chain')]);
    expect(sound).toMatchObject({ code: 0, stdout: 'team/one: sound, 41 events\n' });
    // Nothing is to be put right there, so it is not said that the backup couldn't.
    expect((await repair()).stdout).toMatch(/^team\/one: sound, 41 events\nteam\/two: damaged$/m);
  });
  await using client = await testClient(server.address);
  const events = await all((await client.open('team/one')).read());
  expect(events.slice(1).map(({ data }) => String(data))).toEqual([...texts, ...texts]);

  const nothing = await cli.atedb(['repair', logsPath, '--from', join(backup, 'none')]);
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain('is no folder: name a backup');
});

test('what is damaged is taken from another server, which is believed in nothing', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 20_000 });
  await using other = await TestServer.start({ segmentBytesMax: 20_000 });
  const { logsPath } = server;
  const texts = Array.from({ length: 30 }, (_, at) => `text ${at}`);
  {
    await using client = await testClient(server.address);
    const chain = await client.open('team/one', { key: testKey, forAppend: true });
    for (const data of texts) await chain.append({ data });
  }
  const folder = join(logsPath, 'team', 'one.chain');
  await server.restart(async () => {
    await other.restart(async () => {
      cpSync(join(logsPath, 'team'), join(other.logsPath, 'team'), { recursive: true });
    });
  });
  // The other one goes on, and a batch of its own behind proves nothing.
  {
    await using client = await testClient(server.address);
    const chain = await client.open('team/one', { key: testKey, forAppend: true });
    await chain.append({ data: 'the last' });
  }
  await server.restart(async () => {
    const whole = readFileSync(join(logsPath, segment('one')));
    spoil(join(logsPath, segment('one')));
    rmSync(join(folder, 'segment-00000002.log'));
    const from = ['--from', `ate://${other.address}`, '--plain'];
    const looked = await cli.atedb(['repair', folder, ...from, '--dry-run', '--json']);
    expect(looked.code, looked.stderr).toBe(8);
    expect(jsonLines(looked.stdout)).toMatchObject([
      {
        state: 'damaged',
        taken: {
          from: other.address,
          isDone: false,
          spans: [{ file: 'segment-00000001.log' }, { file: 'segment-00000002.log' }],
        },
      },
    ]);
    expect(readFileSync(join(logsPath, segment('one')))).not.toEqual(whole);
    const words = await cli.atedb(['repair', folder, ...from]);
    expect(words.stdout).toMatch(
      /^ {2}--apply would take \d+ commits?, sequences .*, for segment-00000002\.log: /m,
    );
    // Nothing would be cut off, so nothing is said of that.
    expect(words.stdout).not.toMatch(/no longer in the chain|anew/);
    // By the chain's address, too.
    const address = ['ate://localhost/team/one', '--logs-path', logsPath];
    const done = await cli.atedb(['repair', ...address, ...from, '--apply']);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(done.stdout).toMatch(/^team\/one: repaired, 32 events$/m);
    expect(done.stdout).toMatch(
      /^ {2}took \d+ commits?, sequences \d+…\d+, from 127\.0\.0\.1:\d+, for segment-00000002\.log: what is left here proves them$/m,
    );
    const sound = await cli.atedb(['verify', folder]);
    expect(sound, sound.stdout).toMatchObject({ code: 0 });
  });
  await using client = await testClient(server.address);
  const events = await all((await client.open('team/one')).read());
  expect(events.slice(1).map(({ data }) => String(data))).toEqual([...texts, 'the last']);
  const chain = await client.open('team/one', { key: testKey, forAppend: true });
  await chain.append({ data: 'and one more' });

  for (const [flags, said] of [
    [['--from', 'ate://'], /is not an address/],
    [['--from', 'ate://127.0.0.1:1/', '--apply', '--dry-run'], /contradict each other/],
    [['--head', `3:${'0'.repeat(64)}`], /name both/],
  ] as const) {
    const wrong = await cli.atedb(['repair', folder, ...flags]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(said);
  }
  const elsewhere = await cli.atedb(['repair', 'ate://other.example.com/team/one']);
  expect(elsewhere.stderr).toContain('may be another machine');
}, 60_000);

test('what is damaged among what is left under a snapshot is taken from a server that has let the same go', async () => {
  const options = { segmentBytesMax: 20_000, compact: { horizonMs: 0, mode: 'never' } } as const;
  await using server = await TestServer.start(options);
  await using other = await TestServer.start(options);
  await using behind = await TestServer.start(options);
  const { logsPath } = server;
  const folder = join(logsPath, 'team', 'one.chain');
  onTestFinished(() => {
    clock.aheadMs = 0;
  });
  const copyTo = (to: TestServer) => {
    rmSync(join(to.logsPath, 'team'), { recursive: true, force: true });
    cpSync(join(logsPath, 'team'), join(to.logsPath, 'team'), { recursive: true });
  };
  {
    await using client = await testClient(server.address);
    const chain = await client.open('team/one', { key: testKey, forAppend: true });
    for (let at = 0; at < 30; at += 1) {
      await chain.append({ name: `object-${at % 3}`, data: `${at}` });
      if (at % 10 === 0) await chain.append({ name: `kept-${at}`, data: 'kept' });
    }
    clock.aheadMs = 8 * dayMs;
    await chain.append({ name: 'young', data: 'young' });
    await chain.snapshot();
  }
  await server.restart(() => behind.restart(async () => copyTo(behind)));
  {
    await using client = await testClient(server.address);
    const { snapshot } = await client.admin.compact('team/one');
    expect(snapshot?.events).toBeGreaterThan(20);
  }
  await server.restart(() => other.restart(async () => copyTo(other)));
  const before = await all((await (await testClient(server.address)).open('team/one')).read());
  await server.restart(async () => {
    // All that was left of two segments.
    for (const name of readdirSync(folder).filter((one) => /^segment-0+[12]\..*log$/.test(one))) {
      rmSync(join(folder, name));
    }
    const repair = (from: TestServer) =>
      cli.atedb(['repair', folder, '--from', `ate://${from.address}`, '--plain', '--apply']);
    const refused = await repair(behind);
    expect(refused.code, refused.stdout).toBe(5);
    expect(refused.stderr).toContain('atedb compact does it there');
    const done = await repair(other);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(done.stdout).toMatch(/took \d+ commits?, sequences \d+…\d+, from 127/);
    const sound = await cli.atedb(['verify', folder]);
    expect(sound, sound.stdout).toMatchObject({ code: 0 });
  });
  await using client = await testClient(server.address);
  expect(await all((await client.open('team/one')).read())).toEqual(before);
}, 120_000);
