import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

const cli = new CliFixture({ isKilled: true });

interface ShownIdentity {
  readonly fingerprint: string;
  readonly rotations: readonly { readonly from: string; readonly to: string }[];
}

async function shown(): Promise<ShownIdentity> {
  const { stdout, stderr } = await cli.atedb(['identity', 'show', cli.data, '--json']);
  expect(stderr).toBe('');
  return jsonLines(stdout)[0] as unknown as ShownIdentity;
}

test('the identity is shown while the server is at work, and rotated only when it is not', async () => {
  const before = await shown();
  expect(before.rotations).toEqual([]);
  const words = await cli.atedb(['identity', cli.data]);
  expect(words.stdout).toContain(`identity  sha256:${before.fingerprint}\n`);
  const chain = cli.address('rotated');
  expect(await cli.atedb(['append', chain], { input: 'one\n' })).toMatchObject({ code: 0 });

  const refused = await cli.atedb(['identity', 'rotate', cli.data]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/another process is at work in .*stop it first/);
  expect(await shown()).toEqual(before);

  await cli.killServer();
  const rotated = await cli.atedb(['identity', 'rotate', cli.data]);
  expect(rotated, rotated.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(rotated.stdout).toMatch(new RegExp(`before    sha256:${before.fingerprint}, until 20`));
  await cli.startServer();
  const after = await shown();
  expect(after.fingerprint).not.toBe(before.fingerprint);
  expect(after.rotations).toMatchObject([{ from: before.fingerprint, to: after.fingerprint }]);

  // Those who know the chain go on, and all that they keep of it is as good as before.
  expect(await cli.atedb(['append', chain], { input: 'two\n' })).toMatchObject({ code: 0 });
  expect(await cli.atedb(['verify', chain])).toMatchObject({ code: 0 });
  const folder = join(cli.data, 'example.com', 'me', 'rotated.chain');
  const known = await cli.atedb(['verify', folder, '--known']);
  expect(known, known.stderr).toMatchObject({ code: 0 });
  const proof = await cli.atedb(['proof', chain, '1']);
  expect(proof, proof.stderr).toMatchObject({ code: 0 });
  const checked = await cli.atedb(['proof', '--check', '-'], { input: proof.stdout });
  expect(checked, checked.stderr).toMatchObject({ code: 0 });
  expect(checked.stdout).toContain(after.fingerprint);
});

test('where there is no server none is made', async () => {
  for (const command of ['show', 'rotate']) {
    const none = await cli.atedb(['identity', command, cli.folder]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('no server has an identity');
  }
});

test('known servers are listed, accepted and forgotten', async () => {
  const path = join(cli.home, 'known_hosts');
  const [one, other] = ['1'.repeat(64), 'a'.repeat(64)];
  await cli.atedb(['identity', 'forget', `127.0.0.1:${cli.port}`]);
  const nobody = await cli.atedb(['identity', 'known']);
  expect(nobody).toMatchObject({ code: 0, stdout: '' });
  expect(nobody.stderr).toContain(path);

  const accepted = await cli.atedb(['identity', 'accept', 'example.com', `sha256:${one}`]);
  expect(accepted.stdout).toBe(
    `example.com:5000 is known by sha256:${one} from now on; it was not known\n`,
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, `${readFileSync(path, 'utf8')}[::1]:7 sha256:${other} sha256:${one}\n`);
  const listed = await cli.atedb(['identity', 'known']);
  expect(listed.stdout).toBe(
    `example.com:5000  sha256:${one}\n[::1]:7           sha256:${other}  rotated once\n`,
  );
  const json = await cli.atedb(['identity', 'known', '--json']);
  expect(jsonLines(json.stdout)[1]).toEqual({
    server: '[::1]:7',
    fingerprint: other,
    former: [one],
  });

  const changed = await cli.atedb(['identity', 'accept', 'example.com:5000', other]);
  expect(changed.stdout).toContain(`it was known by sha256:${one}`);
  const forgotten = await cli.atedb(['identity', 'forget', 'example.com', '--json']);
  expect(jsonLines(forgotten.stdout)).toEqual([{ server: 'example.com:5000', before: other }]);
  const again = await cli.atedb(['identity', 'forget', 'example.com']);
  expect(again).toMatchObject({ code: 0, stdout: 'example.com:5000 was not known\n' });
});

test.each([
  [['accept', 'example.com', 'sha256:12'], /here are 2/],
  [['accept', 'example.com', 'A'.repeat(64)], /lower case/],
  [['accept', 'example.com/a/b', '1'.repeat(64)], /names a chain too/],
  [['accept', 'example.com'], /<fingerprint> is missing/],
])('what can not be is refused: %j', async (args, why) => {
  const refused = await cli.atedb(['identity', ...args]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(why);
});

test('an address with a fingerprint that is none is told so', async () => {
  const refused = await cli.atedb(['read', `${cli.address('x')}#sha256:12`]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/after sha256: come 64 hexadecimal digits, and here are 2/);
});
