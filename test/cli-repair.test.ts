import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

const cli = new CliFixture();

test('a damaged chain is explained, repaired offline, and written to again', async () => {
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
  const remembering = await cli.atedb(['read', chain]);
  expect(remembering.code).toBe(5);
  const key = await cli.atedb(['key', 'export']);
  const home = join(cli.folder, 'other');
  const environment = { ATE_HOME: home };
  await cli.atedb(['key', 'import', '-'], { input: key.stdout, environment });
  const more = await cli.atedb(['append', chain], { input: 'five\n', environment });
  expect(more, more.stderr).toMatchObject({ code: 0 });
  const read = await cli.atedb(['read', chain], { environment });
  expect(read).toMatchObject({ code: 0, stdout: 'one\ntwo\nfive\n' });
}, 60_000);
