import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// `repair --from`: a chain of a server is damaged, and a backup has what was there.

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
  });
  await using client = await testClient(server.address);
  const events = await all((await client.open('team/one')).read());
  expect(events.slice(1).map(({ data }) => String(data))).toEqual([...texts, ...texts]);

  const nothing = await cli.atedb(['repair', logsPath, '--from', join(backup, 'none')]);
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain('is no folder: name a backup');
});
