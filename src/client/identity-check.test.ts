import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryHome } from '../../test/support/test-client.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { extendIdentityLine, type IdentityLine, identityLineOf } from '../trust/index.ts';
import { identityCheck, type LookUpIdentity } from './identity-check.ts';
import { KnownHosts } from './known-hosts.ts';
import type { Notice } from './notice.ts';
import type { IdentityCheck } from './server-identity.ts';

const server = 'example.com:5000';
const forServer = { forSigningOnly: true };
const [first, second, third, branch, stranger] = Array.from({ length: 5 }, () =>
  KeyPair.generate(forServer),
) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
const firstLine = identityLineOf(first.publicKey);
const strangerLine = identityLineOf(stranger.publicKey);
let secondLine: IdentityLine;
let thirdLine: IdentityLine;
let branchLine: IdentityLine;

beforeAll(async () => {
  secondLine = await extendIdentityLine(firstLine, { old: first, new: second }, 1);
  thirdLine = await extendIdentityLine(secondLine, { old: second, new: third }, 2);
  branchLine = await extendIdentityLine(firstLine, { old: first, new: branch }, 3);
});

interface Made {
  readonly home?: string;
  readonly pinned?: string;
  readonly lookUp?: LookUpIdentity;
}

function make({ home, pinned, lookUp }: Made): { check: IdentityCheck; notices: Notice[] } {
  const notices: Notice[] = [];
  const knownHosts = new KnownHosts(home);
  const address = { server, pinned };
  const onNotice = (notice: Notice) => notices.push(notice);
  return { check: identityCheck({ address, knownHosts, lookUp, onNotice }), notices };
}

/** Meet a server as a new process does. @returns the kinds of notices, or the reason of the refusal. */
async function meet(line: IdentityLine, made: Made): Promise<string> {
  const { check, notices } = make(made);
  try {
    await check.accept({ server, identity: line.identity, rotations: line.rotations });
    return notices.map(({ kind }) => kind).join(',') || 'accepted';
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

const hex = ({ publicKey }: KeyPair) => publicKey.fingerprintHex;

describe('without a fingerprint in the address', () => {
  test('the first use is told with the fingerprint, and trusted from then on', async () => {
    const home = await temporaryHome();
    const { check, notices } = make({ home });
    expect(await check.mustEncrypt(server)).toBe(false);
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    expect(notices).toMatchObject([{ kind: 'server-met', server, fingerprint: hex(first) }]);
    expect(notices[0]?.message).toContain(`sha256:${hex(first)}`);
    expect(await check.mustEncrypt(server)).toBe(true);
    expect(await meet(firstLine, { home })).toBe('accepted');
    const { mode } = await stat(join(home, 'known_hosts'));
    expect(mode & 0o777).toBe(0o600);
  });

  test('another identity is refused, loudly, with what to do, and nothing is changed', async () => {
    const home = await temporaryHome();
    await meet(firstLine, { home });
    const before = await readFile(join(home, 'known_hosts'), 'utf8');
    const { check } = make({ home });
    const error = await check
      .accept({ server, identity: stranger.publicKey, rotations: [] })
      .catch((reason) => reason);
    expect(error).toMatchObject({
      reason: 'SERVER_IDENTITY_CHANGED',
      metadata: { server, known: hex(first), fingerprint: hex(stranger) },
    });
    for (const said of [
      server,
      `sha256:${hex(first)}`,
      `atedb identity accept ${server} sha256:${hex(stranger)}`,
      'somebody is between you and it',
    ]) {
      expect(error.message).toContain(said);
    }
    expect(await readFile(join(home, 'known_hosts'), 'utf8')).toBe(before);
  });

  test('one that follows from the known one is taken, told, and known from then on', async () => {
    const home = await temporaryHome();
    await meet(firstLine, { home });
    expect(await meet(thirdLine, { home })).toBe('server-rotated');
    expect(await meet(thirdLine, { home })).toBe('accepted');
    const known = await new KnownHosts(home).find(server);
    expect(known).toEqual({ server, fingerprint: hex(third), former: [hex(second), hex(first)] });
  });

  test('a line that leads back to a key that was given up is refused, though the key that is known signs it', async () => {
    const home = await temporaryHome();
    await meet(firstLine, { home });
    await meet(secondLine, { home });
    const secondAlone = identityLineOf(second.publicKey);
    const back = await extendIdentityLine(secondAlone, { old: second, new: first }, 4);
    expect(await meet(back, { home })).toBe('SERVER_IDENTITY_CHANGED');
    expect(await meet(back, { home, pinned: hex(second) })).toBe('SERVER_IDENTITY_CHANGED');
    expect(await meet(thirdLine, { home })).toBe('server-rotated');
  });

  test.each([
    ['one that it has given up', () => firstLine, /restored from a backup of before/],
    ['one of those between', () => secondLine, /restored from a backup of before/],
    ['another one that one given up vouches for', () => branchLine, /has given up, vouches for/],
  ])('who has met a rotation takes no more %s', async (_what, shown, why) => {
    const home = await temporaryHome();
    await meet(thirdLine, { home });
    const { identity, rotations } = shown();
    const { check } = make({ home });
    const error = await check.accept({ server, identity, rotations }).catch((reason) => reason);
    expect(error.reason).toBe('SERVER_IDENTITY_CHANGED');
    expect(error.message).toMatch(why);
  });

  test('a client that keeps nothing meets a server once, and no other one in its place', async () => {
    const { check, notices } = make({});
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    expect(notices).toHaveLength(1);
    await expect(
      check.accept({ server, identity: stranger.publicKey, rotations: [] }),
    ).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
  });

  test('nor does one that can not write: it says so, and goes on', async () => {
    const home = await temporaryHome();
    // A folder where the lock is to be.
    await mkdir(join(home, 'known_hosts.lock'));
    const { check, notices } = make({ home });
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    expect(notices.map(({ kind }) => kind)).toEqual(['server-not-remembered', 'server-met']);
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    await expect(
      check.accept({ server, identity: stranger.publicKey, rotations: [] }),
    ).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
  });

  test('rotations that do not verify are refused, also of a server that is known', async () => {
    const home = await temporaryHome();
    await meet(firstLine, { home });
    const [one, two] = thirdLine.rotations as [Buffer, Buffer];
    const { publicKey: identity } = third;
    const altered = Buffer.from(two);
    altered[altered.length - 1] = (altered.at(-1) as number) ^ 1;
    for (const rotations of [[one], [two, one], [one, altered], [one, Buffer.from('x')]]) {
      const { check } = make({ home });
      await expect(check.accept({ server, identity, rotations })).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
    }
    // Cut at its beginning it holds, and doesn't lead from what is known.
    const { check } = make({ home });
    await expect(check.accept({ server, identity, rotations: [two] })).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_CHANGED',
    });
  });
});

describe('with a fingerprint in the address', () => {
  test('another identity is refused, also where it is known', async () => {
    const home = await temporaryHome();
    await meet(strangerLine, { home });
    expect(await meet(strangerLine, { home, pinned: hex(first) })).toBe('SERVER_IDENTITY_MISMATCH');
    expect(await meet(strangerLine, { pinned: hex(first) })).toBe('SERVER_IDENTITY_MISMATCH');
  });

  test('it counts more than what is known, and changes that only where nothing is', async () => {
    const home = await temporaryHome();
    await meet(strangerLine, { home });
    expect(await meet(firstLine, { home, pinned: hex(first) })).toBe('accepted');
    expect((await new KnownHosts(home).find(server))?.fingerprint).toBe(hex(stranger));
    const other = await temporaryHome();
    expect(await meet(firstLine, { home: other, pinned: hex(first) })).toBe('accepted');
    expect(await meet(strangerLine, { home: other })).toBe('SERVER_IDENTITY_CHANGED');
  });

  test('its key vouches for those that follow from it', async () => {
    expect(await meet(thirdLine, { pinned: hex(first) })).toBe('accepted');
    expect(await meet(thirdLine, { pinned: hex(third) })).toBe('accepted');
    expect(await meet(firstLine, { pinned: hex(third) })).toBe('SERVER_IDENTITY_MISMATCH');
  });

  test('but not against what is known to have followed', async () => {
    const home = await temporaryHome();
    await meet(secondLine, { home });
    expect(await meet(firstLine, { home, pinned: hex(first) })).toBe('SERVER_IDENTITY_CHANGED');
    expect(await meet(branchLine, { home, pinned: hex(first) })).toBe('SERVER_IDENTITY_CHANGED');
    expect(await meet(thirdLine, { home, pinned: hex(first) })).toBe('server-rotated');
  });

  test('such a server must encrypt', async () => {
    expect(await make({ pinned: hex(first) }).check.mustEncrypt(server)).toBe(true);
  });
});

describe('a look-up', () => {
  const answers = (published: readonly string[] | undefined) => {
    const asked: string[] = [];
    const lookUp = async (name: string) => {
      asked.push(name);
      return published;
    };
    return { asked, lookUp };
  };

  test('decides on the first use', async () => {
    const { asked, lookUp } = answers([`sha256:${hex(first)}`, hex(stranger)]);
    const { check, notices } = make({ home: await temporaryHome(), lookUp });
    await check.accept({ server, identity: first.publicKey, rotations: [] });
    expect(notices[0]?.message).toContain('as is published for it');
    expect(asked).toEqual([server]);
    expect(await meet(branchLine, { lookUp: answers([hex(stranger)]).lookUp })).toBe(
      'SERVER_IDENTITY_MISMATCH',
    );
    expect(await meet(firstLine, { lookUp: answers([]).lookUp })).toBe('SERVER_IDENTITY_MISMATCH');
    // A key that is published vouches for those that follow.
    expect(await meet(thirdLine, { lookUp })).toBe('server-met');
    expect(await meet(firstLine, { lookUp: answers(undefined).lookUp })).toBe('server-met');
  });

  test('is not asked where the server is known or pinned, and never overrides that', async () => {
    const home = await temporaryHome();
    await meet(firstLine, { home });
    const { asked, lookUp } = answers([hex(stranger)]);
    expect(await meet(firstLine, { home, lookUp })).toBe('accepted');
    expect(await meet(strangerLine, { home, lookUp })).toBe('SERVER_IDENTITY_CHANGED');
    expect(await meet(firstLine, { pinned: hex(first), lookUp })).toBe('accepted');
    expect(asked).toEqual([]);
  });

  test('that fails for a reason of its own keeps that', async () => {
    const lookUp = async () => {
      throw new AtedbError('DNS_NOT_VALIDATED', 'it is unsigned', {
        metadata: { fault: 'unsigned' },
      });
    };
    await expect(
      make({ home: await temporaryHome(), lookUp }).check.accept({
        ...{ server, identity: first.publicKey, rotations: [] },
      }),
    ).rejects.toMatchObject({
      reason: 'DNS_NOT_VALIDATED',
      metadata: { fault: 'unsigned', server },
      message: expect.stringMatching(/could not be looked up: it is unsigned. Nothing was sent/),
    });
  });

  test('that fails, or answers what is no fingerprint, is no reason to trust', async () => {
    const home = await temporaryHome();
    const lookUp = async () => {
      throw new Error('no answer');
    };
    const { check } = make({ home, lookUp });
    await expect(
      check.accept({ server, identity: first.publicKey, rotations: [] }),
    ).rejects.toThrow(/could not be looked up: no answer/);
    expect(await meet(firstLine, { home, lookUp: answers(['x']).lookUp })).toBe('REQUEST_INVALID');
    for (const answer of [hex(first), [first], { 0: hex(first) }, null, 7]) {
      const wrong = answers(answer as unknown as string[]).lookUp;
      await expect(
        make({ home, lookUp: wrong }).check.accept({
          ...{ server, identity: first.publicKey, rotations: [] },
        }),
      ).rejects.toThrow(/lookUpIdentity answered with .* It answers with a list of fingerprints/);
    }
    await expect(readFile(join(home, 'known_hosts'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the file', () => {
  test('keeps what people write into it', async () => {
    const home = await temporaryHome();
    const path = join(home, 'known_hosts');
    const text = `# mine\n\n  other.example   sha256:${hex(stranger)}\n[::1]:7 ${hex(second)}\n`;
    await writeFile(path, text);
    await chmod(path, 0o600);
    const hosts = new KnownHosts(home);
    expect((await hosts.find('other.example:5000'))?.fingerprint).toBe(hex(stranger));
    expect((await hosts.find('[::1]:7'))?.fingerprint).toBe(hex(second));
    await meet(firstLine, { home });
    expect(await readFile(path, 'utf8')).toBe(`${text}${server} sha256:${hex(first)}\n`);
    await hosts.accept('other.example:5000', hex(first));
    expect(await hosts.forget(server)).toMatchObject({ fingerprint: hex(first) });
    expect(await hosts.forget(server)).toBeUndefined();
    expect(await readFile(path, 'utf8')).toBe(
      text.replace(
        `  other.example   sha256:${hex(stranger)}`,
        `other.example:5000 sha256:${hex(first)}`,
      ),
    );
  });

  test.each([
    ['example.com', /known_hosts:2 .*no fingerprint follows/],
    ['example.com sha256:00', /known_hosts:2 .*here are 2/],
    [`example.com:99999 sha256:${'0'.repeat(64)}`, /known_hosts:2 .*not a port/],
    [`example.com#sha256:${'0'.repeat(64)}`, /known_hosts:2 .*a space stands before/],
    [`ok sha256:${'0'.repeat(64)}\nok:5000 sha256:${'0'.repeat(64)}`, /known_hosts:3 .*already/],
  ])('that says what can not be stops everything, with the line: %#', async (line, why) => {
    const home = await temporaryHome();
    await writeFile(join(home, 'known_hosts'), `# first\n${line}\n`);
    const { check } = make({ home });
    const accepting = check.accept({ server, identity: first.publicKey, rotations: [] });
    await expect(accepting).rejects.toThrow(why);
    await expect(accepting).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
  });

  test('is shared by many at once: nothing that one writes is lost', async () => {
    const home = await temporaryHome();
    const names = Array.from({ length: 24 }, (_, at) => `host${at}:5000`);
    await Promise.all(
      names.map((name) => new KnownHosts(home).remember(name, at(name) ? firstLine : thirdLine)),
    );
    const known = await new KnownHosts(home).list();
    expect(known.map((host) => host.server).sort()).toEqual([...names].sort());
    // Of two who meet another server each, under one name, one is refused.
    const met = await Promise.all([meet(firstLine, { home }), meet(strangerLine, { home })]);
    expect(met.sort()).toEqual(['SERVER_IDENTITY_CHANGED', 'server-met']);
  });
});

function at(name: string): boolean {
  return name.length % 2 === 0;
}
