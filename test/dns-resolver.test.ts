import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DnsOptions, Resolver } from '../src/dns/index.ts';
import { DnsProxy } from './support/dns-proxy.ts';
import { dnsZones, identity, otherIdentity, rootRecords } from './support/dns-zones.ts';
import { hasKnot, Knot } from './support/knot.ts';

// Names through a real name server, with zones that it signs from a root of its own down.

describe.skipIf(!hasKnot)('a name server that signs', () => {
  let knot: Knot;
  let proxy: DnsProxy;
  let trustAnchors: string;

  beforeAll(async () => {
    knot = await Knot.start(dnsZones, rootRecords);
    proxy = await DnsProxy.start(knot.address);
    trustAnchors = knot.trustAnchors();
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await knot?.[Symbol.asyncDispose]();
  });

  const validating = (options: DnsOptions = {}) =>
    new Resolver({
      server: knot.address,
      validate: true,
      trustAnchors,
      triesMs: [2_000],
      ...options,
    });

  test.each([
    ['one.hashed', ['::2', '127.0.0.1']],
    ['ONE.Hashed.', ['::2', '127.0.0.1']],
    ['one.spans', ['127.0.0.1']],
    ['one.numbers', ['127.0.0.1']],
    ['one.inner.hashed', ['127.0.0.1']],
    ['hashed', ['127.0.0.7']],
    ['alone', ['127.0.0.8']],
    // No zone begins at each label.
    ['a.b.c.hashed', ['127.0.0.3']],
    ['a.b.c.spans', ['127.0.0.3']],
    ['alias.hashed', ['127.0.0.1']],
    ['x.wild.hashed', ['127.0.0.9']],
    ['x.y.wild.spans', ['127.0.0.9']],
    ['deep.hashed', ['127.0.0.9']],
    ['192.0.2.7', ['192.0.2.7']],
    ['::1', ['::1']],
    ['localhost', ['::1', '127.0.0.1']],
    ['db.LOCALHOST.', ['::1', '127.0.0.1']],
  ])('%s has its addresses, validated', async (host, addresses) => {
    expect(await validating().addressesOf(host)).toEqual(addresses);
  });

  test('more than has room in a datagram comes over TCP', async () => {
    const resolver = validating({ server: proxy.address });
    const before = proxy.asked.tcp;
    expect(await resolver.addressesOf('many.hashed')).toHaveLength(120);
    expect(proxy.asked.tcp).toBe(before + 1);
  });

  test.each([
    'nothing.hashed',
    'nothing.spans',
    'x.one.spans',
    'x.alone',
    'b.c.hashed',
    'nothing.inner.hashed',
    'alias.spans',
  ])('that %s has no address is proven, and told as that', async (host) => {
    await expect(validating().addressesOf(host)).rejects.toMatchObject({
      reason: 'DNS_NAME_NOT_FOUND',
    });
  });

  test.each([
    ['one.plain', 'unsigned'],
    ['nothing.plain', 'absence-unproven'],
    ['one.wrong', 'forged'],
    ['one.old', 'unsupported'],
    // What an opt-out span covers may be in a zone that nobody signs.
    ['nothing.open', 'absence-unproven'],
    // The zone above says no more about it than that it isn't its own.
    ['x.sub.spans', 'absence-unproven'],
    ['x.sub.open', 'absence-unproven'],
    // Its alias is made up for the question, so that nothing signs it.
    ['one.out.spans', 'unsigned'],
  ])('%s is refused: %s', async (host, fault) => {
    await expect(validating().addressesOf(host)).rejects.toMatchObject({
      reason: 'DNS_NOT_VALIDATED',
      metadata: { fault },
    });
  });

  test('without validation the same answers are taken', async () => {
    const resolver = new Resolver({ server: knot.address });
    expect(await resolver.addressesOf('one.plain')).toEqual(['127.0.0.1']);
    expect(await resolver.addressesOf('one.out.spans')).toEqual(['::2', '127.0.0.1']);
    expect(await resolver.addressesOf('alias.hashed')).toEqual(['127.0.0.1']);
    await expect(resolver.addressesOf('nothing.plain')).rejects.toMatchObject({
      reason: 'DNS_NAME_NOT_FOUND',
    });
    await expect(resolver.addressesOf('round.hashed')).rejects.toMatchObject({
      reason: 'DNS_FAILED',
      message: expect.stringContaining('more than 8 aliases'),
    });
  });

  test.each([
    ['one.hashed', [identity]],
    ['two.hashed', [identity, otherIdentity]],
    ['one.spans', [identity]],
    // Records of others are none, and an alias leads to what it stands for.
    ['four.hashed', undefined],
    ['hashed', [identity]],
    ['three.spans', undefined],
    ['a.b.c.hashed', undefined],
    ['alone', undefined],
    ['nothing.spans', undefined],
    ['192.0.2.1', undefined],
    ['localhost', undefined],
    [`${'a.'.repeat(124)}spans`, undefined],
  ])('the identities of %s are what is published, or proven to be none', async (host, expected) => {
    const found = await validating().identitiesOf(host);
    expect(found && [...found].sort()).toEqual(expected);
  });

  test('an identity that nobody has signed is none, and no reason to trust anybody', async () => {
    for (const host of ['one.plain', 'nothing.plain', 'nothing.open']) {
      await expect(validating().identitiesOf(host)).rejects.toMatchObject({
        reason: 'DNS_NOT_VALIDATED',
      });
    }
    await expect(validating().identitiesOf('five.hashed')).rejects.toMatchObject({
      reason: 'IDENTITY_RECORD_INVALID',
      message: expect.stringContaining('sha256:ABCD'),
    });
    await expect(
      new Resolver({ server: knot.address }).identitiesOf('one.hashed'),
    ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  });

  describe('of trust anchors', () => {
    test('one that is of another key is refused', async () => {
      const wrong = trustAnchors.replace(/[0-9a-f]{4}$/gm, 'ffff');
      await expect(
        validating({ trustAnchors: wrong }).addressesOf('one.hashed'),
      ).rejects.toMatchObject({
        metadata: { fault: 'anchor-mismatch', name: '.' },
      });
      await expect(
        new Resolver({ server: knot.address, validate: true }).addressesOf('one.hashed'),
      ).rejects.toMatchObject({ metadata: { fault: 'anchor-mismatch' } });
    });

    test('one may be of any zone, and says nothing of others', async () => {
      const resolver = validating({ trustAnchors: knot.trustAnchors('spans') });
      expect(await resolver.addressesOf('one.spans')).toEqual(['127.0.0.1']);
      expect(await resolver.identitiesOf('three.spans')).toBeUndefined();
      await expect(resolver.addressesOf('one.hashed')).rejects.toMatchObject({
        metadata: { fault: 'no-anchor' },
      });
    });

    test('the nearest one counts, and no zone above it stands in', async () => {
      // The root has a right key for the zone, and the anchor for it has none of its keys.
      const wrong = knot.trustAnchors('hashed').replace(/^hashed/gm, 'spans');
      const resolver = validating({ trustAnchors: `${trustAnchors}\n${wrong}` });
      await expect(resolver.addressesOf('one.spans')).rejects.toMatchObject({
        metadata: { fault: 'anchor-mismatch' },
      });
      expect(await resolver.addressesOf('one.hashed')).toHaveLength(2);
    });
  });

  test.each([
    ['is over', 60],
    ['is not there yet', -60],
  ])('a signature whose time %s is refused', async (_, days) => {
    const now = () => Date.now() + days * 86_400_000;
    await expect(validating({ now }).addressesOf('one.hashed')).rejects.toMatchObject({
      metadata: { fault: 'expired' },
    });
  });

  test('keys are kept no longer than their signatures count', async () => {
    let now = Date.now();
    const resolver = validating({ now: () => now });
    await resolver.addressesOf('one.spans');
    now += 60 * 86_400_000;
    await expect(resolver.addressesOf('one.spans')).rejects.toMatchObject({
      metadata: { fault: 'expired' },
    });
  });

  test('a name server that no network leads to is told, and nothing breaks', async () => {
    for (const server of ['2001:db8::1', '255.255.255.255', '[::1]:1']) {
      await expect(
        new Resolver({ server, triesMs: [50, 50] }).addressesOf('one.spans'),
      ).rejects.toMatchObject({ reason: 'DNS_FAILED' });
    }
    for (const triesMs of [[], [0], [Number.NaN], [-1]]) {
      expect(() => new Resolver({ server: knot.address, triesMs })).toThrow('dns.triesMs is');
    }
  });

  test('a name server that refuses is told by what it says', async () => {
    await expect(
      new Resolver({ server: knot.address }).addressesOf('one.com.'),
    ).rejects.toMatchObject({
      reason: 'DNS_NAME_NOT_FOUND',
    });
    await expect(
      new Resolver({ server: '127.0.0.1:1', triesMs: [100] }).addressesOf('one.spans'),
    ).rejects.toMatchObject({ reason: 'DNS_FAILED', metadata: { dns_server: '127.0.0.1:1' } });
  });
});
