import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// `atedb delete`, as a user runs it.

const cli = new CliFixture();
beforeAll(async () => {
  await cli.atedb(['key', 'new']);
});
const folder = (db: string) => join(cli.data, 'example.com', 'me', `${db}.chain`);

test('delete asks, and does it unasked only with --yes; a chain can be made under the key again', async () => {
  const chain = cli.address('old');
  await cli.atedb(['append', chain], { input: 'x\n' });
  const asked = await cli.atedb(['delete', chain]);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringMatching(/no terminal .* --yes/) });
  expect(existsSync(folder('old'))).toBe(true);
  const deleted = await cli.atedb(['delete', chain, '--yes']);
  expect(deleted).toEqual({
    code: 0,
    stdout: '',
    stderr: 'deleted the chain example.com/me/old\n',
  });
  expect(existsSync(folder('old'))).toBe(false);
  const again = await cli.atedb(['delete', chain, '-y', '--json']);
  expect(again.code).toBe(3);
  expect(jsonLines(again.stderr)).toMatchObject([{ reason: 'CHAIN_NOT_FOUND' }]);
  // This user has deleted it himself, and isn't warned of another one.
  const anew = await cli.atedb(['append', chain], { input: 'y\n' });
  expect(anew).toMatchObject({ code: 0, stderr: expect.stringMatching(/created the chain/) });
});

test('another key deletes nothing', async () => {
  const chain = cli.address('mine');
  await cli.atedb(['append', chain], { input: 'x\n' });
  await cli.atedb(['key', 'new', 'other']);
  const refused = await cli.atedb(['delete', chain, '--yes', '--key', 'other']);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/only a root/) });
  expect(existsSync(folder('mine'))).toBe(true);
});
