import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AtedbError } from '../src/bytes/index.ts';
import { DomainName } from '../src/dns/domain-name.ts';
import { type DnsOptions, Resolver } from '../src/dns/index.ts';
import { type DnsMessage, type DnsRecord, readMessage, recordTypes } from '../src/dns/message.ts';
import { dnsAnswer } from './support/dns-answer.ts';
import { type ChangeAnswer, DnsProxy } from './support/dns-proxy.ts';
import { dnsZones, rootRecords } from './support/dns-zones.ts';
import { eventually } from './support/eventually.ts';
import { hasKnot, Knot } from './support/knot.ts';
import { rounds } from './support/scale.ts';

// What somebody between a resolver and a real name server may do to its answers.

describe.skipIf(!hasKnot)('somebody on the way to a name server', () => {
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

  /** Behind the proxy. */
  const changed = (change: ChangeAnswer, options: DnsOptions = {}) => {
    proxy.change = change;
    onTestFinished(() => {
      proxy.change = (answer) => [answer];
    });
    return validating({ server: proxy.address, triesMs: [300], ...options });
  };

  /** Whether a message is about a type. */
  const isAbout = (query: Buffer, type: number) => readMessage(query).questions[0]?.type === type;

  test('changes any one byte of an answer: it is refused, or says the same', async () => {
    let at = -1;
    let length = 0;
    const resolver = changed(
      (answer, { query }) => {
        if (!isAbout(query, recordTypes.A)) return [answer];
        length = answer.length;
        const bytes = Buffer.from(answer);
        if (at >= 0) bytes.writeUInt8((bytes[at] ?? 0) ^ 0x41, at);
        return [bytes];
      },
      { triesMs: [40] },
    );
    // How long the answer is tells one that wasn't changed; a busy machine may need more than one try for that.
    await eventually(() => resolver.addressesOf('one.spans'));
    expect(length).toBeGreaterThan(0);
    const refusals = new Map<string, number>();
    for (at = 0; at < length; at += rounds({ short: 3, long: 1 })) {
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

  test('fills a wildcard in with the proof of the zone above, which has nothing of any name in it', async () => {
    let wildcard: DnsMessage | undefined;
    let above: DnsMessage | undefined;
    const resolver = changed((answer, { query }) => {
      const message = readMessage(answer);
      const { name, type } = message.questions[0] ?? {};
      if (type !== recordTypes.A || name === undefined) return [answer];
      if (name.text === 'x.wild.inner.hashed') wildcard = message;
      if (/^nothing\d+\.hashed$/.test(name.text)) {
        const authorities = [...(above?.authorities ?? []), ...message.authorities];
        above = { ...message, authorities };
      }
      if (name.text !== 'here.wild.inner.hashed') return [answer];
      const answers = wildcard?.answers.map((record) => ({ ...record, name })) ?? [];
      // All spans of the zone above that are signed.
      return [dnsAnswer(query, { answers, authorities: [...(above?.authorities ?? [])] })];
    });
    expect(await resolver.addressesOf('x.wild.inner.hashed')).toEqual(['127.0.0.9']);
    for (let at = 0; at < 40; at += 1) {
      await resolver.addressesOf(`nothing${at}.hashed`).catch(() => undefined);
    }
    await expect(resolver.addressesOf('here.wild.inner.hashed')).rejects.toMatchObject({
      metadata: { fault: 'absence-unproven' },
    });
  });

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

  test('sends as many proofs as have room, each about another name', async () => {
    const record = (at: number): DnsRecord => ({
      name: DomainName.parse(`${at}.spans`),
      type: at % 2 === 0 ? recordTypes.NSEC : recordTypes.RRSIG,
      ttl: 60,
      data: Buffer.concat([Buffer.alloc(18, at), DomainName.parse('spans').wire]),
    });
    const authorities = Array.from({ length: 1_200 }, (_, at) => record(at));
    const resolver = changed((answer, { query, over }) => {
      if (!isAbout(query, recordTypes.TXT)) return [answer];
      return over === 'udp' ? [truncated(answer)] : [dnsAnswer(query, { authorities })];
    });
    await expect(resolver.identitiesOf('one.spans')).rejects.toMatchObject({
      reason: 'DNS_NOT_VALIDATED',
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
