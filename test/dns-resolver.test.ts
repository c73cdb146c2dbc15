import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AtedbError } from '../src/bytes/index.ts';
import { type DnsOptions, Resolver } from '../src/dns/index.ts';
import { type DnsMessage, readMessage, recordTypes } from '../src/dns/message.ts';
import { dnsAnswer } from './support/dns-answer.ts';
import { type ChangeAnswer, DnsProxy } from './support/dns-proxy.ts';
import { hasKnot, Knot } from './support/knot.ts';
import { rounds } from './support/scale.ts';

// Names through a real name server, with zones that it signs from a root of its own down, and what somebody on the way may do to answers.

const identity = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
const many = Array.from({ length: 120 }, (_, at) => `many 3600 A 127.0.1.${at}`).join('\n');

const zones = {
  hashed: {
    policy: 'nsec3',
    records: `one 3600 A 127.0.0.1
one 3600 AAAA ::2
_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"
two 3600 A 127.0.0.2
_ate.two 3600 TXT "v=ate1; id=" "sha256:${identity}"
_ate.two 3600 TXT "v=ate1; id=sha256:${other}"
_ate.two 3600 TXT "v=spf1 -all"
four 3600 A 127.0.0.4
_ate.four 3600 TXT "google-site-verification=x"
five 3600 A 127.0.0.5
_ate.five 3600 TXT "v=ate1; id=sha256:ABCD"
alias 3600 CNAME one.spans.
a.b.c 3600 A 127.0.0.3
*.wild 3600 A 127.0.0.9
here.wild 3600 A 127.0.0.10
deep 3600 CNAME x.wild
round 3600 CNAME trip
trip 3600 CNAME round
${many}
_ate 3600 CNAME elsewhere
elsewhere 3600 TXT "v=ate1; id=sha256:${identity}"
@ 3600 A 127.0.0.7`,
  },
  spans: {
    policy: 'nsec',
    records: `one 3600 A 127.0.0.1
_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"
three 3600 A 127.0.0.3
alias 3600 CNAME nowhere.spans.
a.b.c 3600 A 127.0.0.3
*.wild 3600 A 127.0.0.9
here.wild 3600 A 127.0.0.10
sub 3600 NS ns.
out 3600 DNAME hashed.`,
  },
  numbers: { policy: 'rsa', records: 'one 3600 A 127.0.0.1' },
  open: { policy: 'opt-out', records: 'one 3600 A 127.0.0.1\nsub 3600 NS ns.' },
  old: { policy: 'nsec', records: 'one 3600 A 127.0.0.1', named: `4711 7 1 ${'ab'.repeat(20)}` },
  plain: {
    policy: 'none',
    records: `one 3600 A 127.0.0.1\n_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"`,
  },
  wrong: { policy: 'nsec', records: 'one 3600 A 127.0.0.1', keyOf: 'spans' },
} as const;

describe.skipIf(!hasKnot)('a name server that signs', () => {
  let knot: Knot;
  let proxy: DnsProxy;
  let trustAnchors: string;

  beforeAll(async () => {
    knot = await Knot.start(zones, 'alone 3600 A 127.0.0.8');
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

  /** Behind the proxy. */
  const changed = (change: ChangeAnswer, options: DnsOptions = {}) => {
    proxy.change = change;
    onTestFinished(() => {
      proxy.change = (answer) => [answer];
    });
    return validating({ server: proxy.address, triesMs: [300], ...options });
  };

  test.each([
    ['one.hashed', ['0:0:0:0:0:0:0:2', '127.0.0.1']],
    ['ONE.Hashed.', ['0:0:0:0:0:0:0:2', '127.0.0.1']],
    ['one.spans', ['127.0.0.1']],
    ['one.numbers', ['127.0.0.1']],
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
  ])('%s has its addresses, validated', async (host, addresses) => {
    expect(await validating().addressesOf(host)).toEqual(addresses);
  });

  test('more than has room in a datagram comes over TCP', async () => {
    const resolver = changed((answer) => [answer]);
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
    expect(await resolver.addressesOf('one.out.spans')).toEqual(['0:0:0:0:0:0:0:2', '127.0.0.1']);
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
    ['two.hashed', [identity, other]],
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
    ).rejects.toThrow();
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

  describe('somebody on the way', () => {
    /** Whether a message is about a type. */
    const isAbout = (query: Buffer, type: number) => readMessage(query).questions[0]?.type === type;

    test('changes any one byte of an answer: it is refused, or says the same', async () => {
      let at = 0;
      let length = 1;
      const resolver = changed(
        (answer, { query }) => {
          if (!isAbout(query, recordTypes.A)) return [answer];
          length = answer.length;
          const bytes = Buffer.from(answer);
          bytes.writeUInt8((bytes[at] ?? 0) ^ 0x41, at);
          return [bytes];
        },
        { triesMs: [40] },
      );
      const refusals = new Map<string, number>();
      for (; at < length; at += rounds({ short: 3, long: 1 })) {
        try {
          expect(await resolver.addressesOf('one.spans')).toEqual(['127.0.0.1']);
        } catch (error) {
          const { reason } = error as AtedbError;
          refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
        }
      }
      expect([...refusals.keys()].sort()).toEqual(['DNS_FAILED', 'DNS_NOT_VALIDATED']);
    });

    test('puts another address in', async () => {
      const resolver = changed((answer) => {
        const bytes = Buffer.from(answer);
        const found = bytes.indexOf(Buffer.of(0, 4, 127, 0, 0, 1));
        if (found !== -1) bytes[found + 5] = 66;
        return [bytes];
      });
      await expect(resolver.addressesOf('one.hashed')).rejects.toMatchObject({
        reason: 'DNS_NOT_VALIDATED',
        metadata: { fault: 'forged', name: 'one.hashed', type: 'A' },
      });
    });

    test('takes records and signatures away', async () => {
      const without =
        (type: number) =>
        (answer: Buffer, { query }: { query: Buffer }) =>
          isAbout(query, type) ? [emptied(answer)] : [answer];
      const proofless = changed(without(recordTypes.TXT));
      await expect(proofless.identitiesOf('one.hashed')).rejects.toMatchObject({
        metadata: { fault: 'absence-unproven' },
      });
      const keyless = changed(without(recordTypes.DS));
      await expect(keyless.addressesOf('one.hashed')).rejects.toMatchObject({
        metadata: { fault: 'unsigned' },
      });
      const anchorless = changed(without(recordTypes.DNSKEY));
      await expect(anchorless.addressesOf('one.hashed')).rejects.toMatchObject({
        metadata: { fault: 'unsigned' },
      });
    });

    test('answers with what is signed about something else', async () => {
      const asked = (query: Buffer) => readMessage(query).questions[0];
      const told = new Map<string, DnsMessage>();
      const as = new Map<string, string>();
      const resolver = changed((answer, { query }) => {
        const question = asked(query);
        if (question?.type !== recordTypes.TXT) return [answer];
        told.set(`${question.name.text} ${question.type}`, readMessage(answer));
        const stolen = told.get(`${as.get(question.name.text)} ${question.type}`);
        if (stolen === undefined) return [answer];
        const { answers, authorities } = stolen;
        return [dnsAnswer(query, { answers: [...answers], authorities: [...authorities] })];
      });
      const refusal = (host: string, instead: string) => {
        as.set(`_ate.${host}`, `_ate.${instead}`);
        return expect(resolver.identitiesOf(host)).rejects.toMatchObject({
          metadata: { fault: 'absence-unproven' },
        });
      };
      // That there is none of another name, of the same zone or of another; and records of another name.
      for (const host of [
        'three.spans',
        'nothing.spans',
        'a.b.c.hashed',
        'nothing.hashed',
        'nothing',
      ]) {
        await resolver.identitiesOf(host);
        await refusal('one.spans', host);
        await refusal('one.hashed', host);
      }
      await resolver.identitiesOf('two.hashed');
      await refusal('one.hashed', 'two.hashed');
    });

    test.each(['spans', 'hashed'])(
      'fills a wildcard of %s in for a name that there is, or without saying that there is none',
      async (zone) => {
        let wildcard: DnsMessage | undefined;
        let mode = 'as it is';
        const resolver = changed((answer, { query }) => {
          const message = readMessage(answer);
          const { name, type } = message.questions[0] ?? {};
          if (type !== recordTypes.A || name === undefined) return [answer];
          if (name.text === `x.wild.${zone}`) {
            wildcard = message;
            return mode === 'as it is'
              ? [answer]
              : [dnsAnswer(query, { answers: [...message.answers] })];
          }
          if (name.text !== `here.wild.${zone}`) return [answer];
          const answers = wildcard?.answers.map((record) => ({ ...record, name })) ?? [];
          // With the proof that there is nothing of the other name, and all that is said about this one.
          const authorities = [...(wildcard?.authorities ?? []), ...message.authorities];
          return [dnsAnswer(query, { answers, authorities })];
        });
        const refused = { metadata: { fault: 'absence-unproven' } };
        expect(await resolver.addressesOf(`x.wild.${zone}`)).toEqual(['127.0.0.9']);
        await expect(resolver.addressesOf(`here.wild.${zone}`)).rejects.toMatchObject(refused);
        mode = 'without the proof';
        await expect(resolver.addressesOf(`x.wild.${zone}`)).rejects.toMatchObject(refused);
      },
    );

    test('answers before the name server does, without having seen the question', async () => {
      const resolver = changed((answer, { query }) => {
        const otherNumber = Buffer.from(answer);
        otherNumber.writeUInt16BE(otherNumber.readUInt16BE(0) ^ 1, 0);
        const otherName = Buffer.from(answer);
        otherName.writeUInt8((otherName[13] ?? 0) ^ 1, 13);
        const isQuery = Buffer.from(query);
        return [otherNumber, otherName, isQuery, Buffer.from('nonsense'), Buffer.alloc(0), answer];
      });
      expect(await resolver.addressesOf('one.spans')).toEqual(['127.0.0.1']);
    });

    test('says that there is more, and never tells it', async () => {
      const resolver = changed((answer, { over }) => {
        if (over === 'tcp') return [];
        const bytes = Buffer.from(answer);
        bytes.writeUInt16BE(bytes.readUInt16BE(2) | 0x0200, 2);
        return [bytes];
      });
      await expect(resolver.addressesOf('one.spans')).rejects.toMatchObject({
        reason: 'DNS_FAILED',
        message: expect.stringContaining('ends its answer over TCP too early'),
      });
    });

    test('says nothing at all', async () => {
      const resolver = changed(() => [], { triesMs: [50, 50, 50] });
      const before = proxy.asked.udp;
      await expect(resolver.addressesOf('one.spans')).rejects.toMatchObject({
        reason: 'DNS_FAILED',
        message: expect.stringContaining('does not answer'),
      });
      expect(proxy.asked.udp - before).toBe(6);
    });

    test('loses what was sent first', async () => {
      let queries = 0;
      const resolver = changed(
        (answer) => {
          queries += 1;
          return queries % 2 === 1 ? [] : [answer];
        },
        { triesMs: [100, 400, 400, 400] },
      );
      expect(await resolver.addressesOf('one.spans')).toEqual(['127.0.0.1']);
    });

    test('sends an answer of 65,000 bytes', async () => {
      const resolver = changed((answer) => [Buffer.concat([answer, Buffer.alloc(60_000)])]);
      expect(await resolver.addressesOf('one.spans')).toEqual(['127.0.0.1']);
    });

    test('sends very many keys and signatures, to keep this machine busy', async () => {
      const resolver = changed((answer, { query, over }) => {
        if (!isAbout(query, recordTypes.A)) return [answer];
        if (over === 'udp') return [truncated(answer)];
        return [withManySignatures(query, answer)];
      });
      await expect(resolver.addressesOf('one.spans')).rejects.toMatchObject({
        metadata: { fault: 'too-much' },
      });
    });

    test('a look-up can be given up', async () => {
      const resolver = changed(() => [], { triesMs: [60_000] });
      const end = new AbortController();
      const looking = resolver.addressesOf('one.spans', end.signal);
      end.abort(new Error('enough'));
      await expect(looking).rejects.toThrow('enough');
    });
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

/** An answer without any records. */
function emptied(answer: Buffer): Buffer {
  const bytes = Buffer.from(answer);
  bytes.writeUInt32BE(0, 6);
  bytes.writeUInt16BE(0, 10);
  return bytes;
}

function truncated(answer: Buffer): Buffer {
  const bytes = emptied(answer);
  bytes.writeUInt16BE(bytes.readUInt16BE(2) | 0x0200, 2);
  return bytes;
}

/** An answer with its signature a hundred times, each time another one that is wrong. */
function withManySignatures(query: Buffer, answer: Buffer): Buffer {
  const { answers } = readMessage(answer);
  const [signature] = answers.filter(({ type }) => type === recordTypes.RRSIG);
  if (signature === undefined) return answer;
  const spoilt = Array.from({ length: 100 }, (_, at) => {
    const data = Buffer.from(signature.data);
    data.writeUInt8((data.at(-1) ?? 0) ^ (at + 1), data.length - 1);
    return { ...signature, data };
  });
  const others = answers.filter((record) => record !== signature);
  return dnsAnswer(query, { answers: [...others, ...spoilt] });
}
