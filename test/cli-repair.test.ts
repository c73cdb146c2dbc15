import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliFixture, jsonLines, until } from './support/cli-fixture.ts';
import { filesWith } from './support/folder-bytes.ts';
import { manyCommandsMs } from './support/scale.ts';

const cli = new CliFixture({ isKilled: true });

test(
  'a damaged chain is explained, repaired offline, and written to again',
  async () => {
    const chain = cli.address('broken');
    for (const word of ['one', 'two', 'three', 'four']) {
      expect(await cli.atedb(['append', chain], { input: `${word}\n` })).toMatchObject({ code: 0 });
    }
    await cli.atedb(['append', cli.address('whole')], { input: 'fine\n' });
    // A server is at work: nobody else touches its files.
    const served = await cli.atedb(['repair', cli.data, '--apply']);
    expect(served).toMatchObject({ code: 2, stdout: '' });
    expect(served.stderr).toMatch(/another process is at work in .*stop it first/);

    await cli.killServer();
    const folder = join(cli.data, 'example.com', 'me', 'broken.chain');
    const file = join(folder, 'segment-00000000.log');
    const damaged = readFileSync(file);
    const at = damaged.indexOf('three');
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    await cli.startServer();
    const described = await cli.atedb(['describe', chain]);
    expect(described.stdout).toMatch(/segment-00000000\.log is damaged at offset \d+/);
    await expectToldOfDamage(chain);
    await cli.killServer();

    const explained = await cli.atedb(['repair', cli.data, '--json']);
    expect(explained.code).toBe(8);
    expect(jsonLines(explained.stdout)).toMatchObject([
      {
        chainKey: 'example.com/me/broken',
        state: 'damaged',
        damages: [{ file: 'segment-00000000.log', kind: 'corrupt', losesEvents: true }],
        kept: { events: 3 },
        lost: { firstSequence: 3, lastSequence: 4, readableEvents: 1 },
      },
      { chainKey: 'example.com/me/whole', state: 'sound', damages: [] },
    ]);
    expect(readFileSync(file)).toEqual(damaged);

    const repaired = await cli.atedb(['repair', cli.data, '--apply']);
    expect(repaired, repaired.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(repaired.stdout).toMatch(/example\.com\/me\/broken: repaired\n/);
    expect(repaired.stdout).toMatch(/set aside in set-aside-1: segment-00000000\.log/);
    expect(readFileSync(join(folder, 'set-aside-1', 'segment-00000000.log'))).toEqual(damaged);
    const again = await cli.atedb(['repair', folder]);
    expect(again).toMatchObject({ code: 0, stdout: 'example.com/me/broken: sound, 3 events\n' });
    const dumped = await cli.atedb(['dump', join(folder, 'set-aside-1')]);
    expect(dumped.stdout).toContain('four');

    // The server writes again. Who remembers the later head notices; who doesn't, reads and writes.
    await cli.startServer();
    const remembering = await cli.atedb(['read', chain, '--damaged']);
    expect(remembering.code).toBe(5);
    // What has to go for this home to append again, all at once.
    const paths = [...remembering.stderr.matchAll(/delete (\S+), and .* also (\S+)\n/g)][0] ?? [];
    expect(paths.slice(1)).toEqual([
      expect.stringMatching(/head\.json$/),
      expect.stringMatching(/writers\/[0-9a-f]{64}$/),
    ]);
    const key = await cli.atedb(['key', 'export']);
    const home = join(cli.folder, 'other');
    const environment = { ATE_HOME: home };
    await cli.atedb(['key', 'import', '-'], { input: key.stdout, environment });
    const more = await cli.atedb(['append', chain], { input: 'five\n', environment });
    expect(more, more.stderr).toMatchObject({ code: 0 });
    const read = await cli.atedb(['read', chain], { environment });
    expect(read).toMatchObject({ code: 0, stdout: 'one\ntwo\nfive\n' });
    for (const path of paths.slice(1)) rmSync(path, { recursive: true });
    expect(await cli.atedb(['append', chain], { input: 'six\n' })).toMatchObject({ code: 0 });
  },
  manyCommandsMs,
);

/** Of a chain whose events from the third one on are damaged, and had been read before. */
async function expectToldOfDamage(chain: string): Promise<void> {
  const refused = await cli.atedb(['read', chain, '--json']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(jsonLines(refused.stderr)).toMatchObject([
    { reason: 'CHAIN_DAMAGED', metadata: { file: 'segment-00000000.log', first_sequence: '3' } },
  ]);
  const left = await cli.atedb(['read', chain, '--damaged']);
  expect(left).toMatchObject({ code: 1, stdout: 'one\ntwo\n' });
  const one = await cli.atedb(['get', chain, '--sequence', '1', '--damaged']);
  expect(one, one.stderr).toMatchObject({ code: 0, stdout: 'one\n' });
  // Who begins at the end is told that it isn't the chain's, however little was asked for.
  for (const json of [[], ['--json']]) {
    const last = await cli.atedb(['read', chain, '--damaged', '-r', '--limit', '1', ...json]);
    expect(last.code).toBe(1);
    expect(last.stdout).not.toBe('');
    expect(last.stderr).toMatch(/the newest events of .* are lost: .* sequences from 3 on/);
  }
  const before = await cli.atedb(['read', chain, '--damaged', '-r', '--limit', '1', '--to', '3']);
  expect(before).toMatchObject({ code: 0, stdout: 'two\n', stderr: '' });
}

test('of several chains the one is named that can not be repaired', async () => {
  const logs = join(cli.folder, 'lost');
  const folder = join(logs, 'example.com', 'me', 'lost.chain');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'segment-00000000.log'), 'nothing of a chain');
  const { code, stderr } = await cli.atedb(['repair', logs]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^atedb: .*example\.com\/me\/lost\.chain: segment-00000000\.log is damaged/,
  );
});

test(
  'those who follow a chain that got shorter are told why',
  async () => {
    const folderOf = (name: string) => join(cli.data, 'example.com', 'me', `${name}.chain`);
    const tails = await Promise.all(
      ['followed_damaged', 'followed_repaired'].map(async (name) => {
        const chain = cli.address(name);
        await cli.atedb(['append', chain], { input: 'one\ntwo\n' });
        await cli.atedb(['append', chain], { input: 'three\n' });
        const tail = cli.start(['tail', chain, '--json']);
        await until(
          () => jsonLines(tail.said.stdout).length === 4,
          () => tail.said.stderr,
        );
        return tail;
      }),
    );
    await cli.killServer();
    for (const name of ['followed_damaged', 'followed_repaired']) {
      const file = join(folderOf(name), 'segment-00000000.log');
      const bytes = readFileSync(file);
      const at = bytes.indexOf('two');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    }
    const repaired = await cli.atedb(['repair', folderOf('followed_repaired'), '--apply']);
    expect(repaired, repaired.stderr).toMatchObject({ code: 0 });
    await cli.startServer();
    expect(await Promise.all(tails.map(({ ended }) => ended))).toEqual([1, 5]);
    const errors = tails.map(({ said }) => jsonLines(said.stderr).at(-1));
    expect(errors).toMatchObject([
      { reason: 'CHAIN_DAMAGED', metadata: { known_size: '3', served_size: '1' } },
      { reason: 'HEAD_CONFLICT', metadata: { known_size: '3', served_size: '1' } },
    ]);
  },
  manyCommandsMs,
);

test(
  'what was set aside and may hold erased data is told, and dropped by one command, while the server runs',
  async () => {
    const chain = cli.address('private_life');
    const secret = 'bob lives in Elm Street';
    for (const word of ['one', secret, 'three', 'four']) {
      expect(await cli.atedb(['append', chain], { input: `${word}\n` })).toMatchObject({ code: 0 });
    }
    await cli.killServer();
    const folder = join(cli.data, 'example.com', 'me', 'private_life.chain');
    const file = join(folder, 'segment-00000000.log');
    const damaged = readFileSync(file);
    const at = damaged.indexOf('three');
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    expect(await cli.atedb(['repair', folder, '--apply'])).toMatchObject({ code: 0 });
    // As a crash leaves a torn end, and a restore the chain that was there; what the one before left was removed by hand.
    writeFileSync(join(folder, 'segment-00000000.tail-99'), damaged);
    mkdirSync(`${folder}~replaced-2`);
    writeFileSync(join(`${folder}~replaced-2`, 'segment-00000000.log'), damaged);
    await cli.startServer();
    const environment = { ATE_HOME: join(cli.folder, 'third') };
    const key = await cli.atedb(['key', 'export']);
    await cli.atedb(['key', 'import', '-'], { input: key.stdout, environment });
    const redacted = await cli.atedb(['redact', chain, '2', '--yes'], { environment });
    expect(redacted, redacted.stderr).toMatchObject({ code: 0 });
    const names = 'segment-00000000.tail-99, set-aside-1, private_life.chain~replaced-2';
    expect(redacted.stderr).toContain(names);
    expect(redacted.stderr).toContain('atedb repair --drop-set-aside --apply');
    const described = await cli.atedb(['describe', chain], { environment });
    expect(described.stdout).toMatch(new RegExp(`^set aside *${names}: may hold`, 'm'));
    expect((await filesWith(cli.data, secret)).length).toBe(3);

    const drop = (...flags: string[]) =>
      cli.atedb(['repair', folder, '--drop-set-aside', ...flags]);
    const looked = await drop();
    expect(looked).toMatchObject({ code: 0 });
    expect(looked.stdout).toMatch(/^ {2}--apply would remove set-aside-1 \([\d,]+ bytes\)$/m);
    expect((await filesWith(cli.data, secret)).length).toBe(3);
    const done = await drop('--apply', '--json');
    expect(jsonLines(done.stdout)).toMatchObject([
      { isDone: true, setAside: names.split(', ').map((name) => ({ name })) },
    ]);
    expect(await filesWith(cli.data, secret)).toEqual([]);
    expect((await cli.atedb(['describe', chain], { environment })).stdout).not.toContain(
      'set aside',
    );
    expect((await drop('--apply')).stdout).toContain('nothing was set aside');
    const read = await cli.atedb(['read', chain], { environment });
    expect(read.stdout).toContain('one');
  },
  manyCommandsMs,
);
