import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { flipped, identity } from '../../test/support/wire-world.ts';
import { AtedbError } from '../bytes/index.ts';
import { chooseProvider, KeyPair } from '../crypto/index.ts';
import {
  type AnswerOptions,
  answerHello,
  ClientHandshake,
  type KeyBits,
  keySizes,
  rotationBytesMax,
  rotationsMax,
  SessionTable,
} from './index.ts';
import {
  clientHelloBytes,
  parseClientHello,
  parseServerHello,
  serverHelloBytes,
} from './messages.ts';

const answers: AnswerOptions = { keyBits: 128, identity };

async function failure(act: () => unknown): Promise<AtedbError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof AtedbError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

/** The same random bytes each time: a handshake can be made once more. */
function repeatable(): (bytes: number) => Buffer {
  let calls = 0;
  return (bytes) => {
    calls += 1;
    return Buffer.alloc(bytes, calls);
  };
}

describe('both ends agree', () => {
  afterEach(() => chooseProvider('native'));

  const sizes = keySizes.flatMap((client) => keySizes.map((server) => [client, server] as const));
  test.each(sizes)('on the larger of %i and %i bits', async (client, server) => {
    const handshake = new ClientHandshake({ keyBits: client });
    const { serverHello, pending } = await answerHello(handshake.hello, {
      ...answers,
      keyBits: server,
    });
    const { session, identity: proven, finished } = await handshake.finish(serverHello);
    expect(proven.fingerprint).toEqual(identity.publicKey.fingerprint);
    expect(session.keyBits).toBe(Math.max(client, server));
    const kept = pending.accept(finished);
    expect(kept.id).toEqual(session.id);
    expect(kept.keyBits).toBe(session.keyBits);
    const table = new SessionTable();
    table.add(kept, 'peer');
    const call = session.openCall();
    const { call: served, open } = table.beginCall(call.seal(1, Buffer.from('open')));
    expect(open.toString()).toBe('open');
    expect(call.open(served.seal(4, Buffer.from('ok'))).payload.toString()).toBe('ok');
    expect(served.exporter).toEqual(call.exporter);
    expect(served.exporter).toEqual(session.exporter);
  });

  test.each([
    ['native', 'portable'],
    ['portable', 'native'],
  ] as const)('where one is %s and the other %s', async (client, server) => {
    for (const keyBits of [128, 256] as const) {
      await chooseProvider(client);
      const handshake = new ClientHandshake({ keyBits });
      await chooseProvider(server);
      const { serverHello, pending } = await answerHello(handshake.hello, answers);
      await chooseProvider(client);
      const { finished, session } = await handshake.finish(serverHello);
      await chooseProvider(server);
      expect(pending.accept(finished).id).toEqual(session.id);
    }
  });

  test('on what the server says of itself', async () => {
    const terms = { lifetimeMs: 5_000, idleMs: 700, bytesMax: 10_000 };
    const largest = Array.from({ length: rotationsMax }, (_, at) =>
      Buffer.alloc(rotationBytesMax, at),
    );
    for (const rotations of [[], [Buffer.from('one'), Buffer.from('two')], largest]) {
      const handshake = new ClientHandshake({ keyBits: 128, sharesUpTo: 128 });
      const options = { ...answers, terms, rotations };
      const { serverHello, pending } = await answerHello(handshake.hello, options);
      const finished = await handshake.finish(serverHello);
      expect(finished.rotations).toEqual(rotations);
      expect(finished.session.terms).toEqual(terms);
      expect(pending.accept(finished.finished).terms).toEqual(terms);
    }
  });

  test('on other secrets each time, also where the client says the same', async () => {
    const seen = new Set<string>();
    for (let time = 0; time < 3; time += 1) {
      const random = repeatable();
      const handshake = new ClientHandshake({ keyBits: 128, sharesUpTo: 128, random });
      const { serverHello } = await answerHello(handshake.hello, answers);
      const { session } = await handshake.finish(serverHello);
      seen.add(session.exporter.toString('hex')).add(session.id.toString('hex'));
    }
    expect(seen.size).toBe(6);
  });
});

describe('a client that sends no share for what is due', () => {
  test('is told so, and may send it', async () => {
    const { hello } = new ClientHandshake({ keyBits: 128, sharesUpTo: 192 });
    expect(parseClientHello(hello).shares.map(({ kem }) => kem)).toEqual([0x647a]);
    const options = { ...answers, keyBits: 256 as const };
    const error = await failure(() => answerHello(hello, options));
    expect(error).toMatchObject({
      reason: 'WIRE_SHARE_MISSING',
      message: expect.stringMatching(/256 bits are due.*mlkem1024-p384/),
      metadata: { key_bits: '256', kem: '81' },
    });
    const again = new ClientHandshake({ keyBits: 128 });
    expect(parseClientHello(again.hello).shares.map(({ kem }) => kem)).toEqual([0x51, 0x647a]);
    await again.finish((await answerHello(again.hello, options)).serverHello);
  });

  test('sends none that is weaker than what it asks for', () => {
    for (const sharesUpTo of keySizes) {
      const { hello } = new ClientHandshake({ keyBits: 256, sharesUpTo });
      expect(parseClientHello(hello).shares.map(({ kem }) => kem)).toEqual([0x51]);
    }
  });
});

describe('a hello that is none', () => {
  const handshake = new ClientHandshake({ keyBits: 128 });
  const hello = parseClientHello(handshake.hello);
  const [large, small] = hello.shares as [(typeof hello.shares)[0], (typeof hello.shares)[0]];
  const refused = async (bytes: Buffer) => {
    const error = await failure(() => answerHello(bytes, answers));
    expect(error.reason).toBe('WIRE_HANDSHAKE_FAILED');
    return error.message;
  };

  test('is refused, before the server signs anything', async () => {
    const none = (key: Buffer) =>
      clientHelloBytes({ ...hello, shares: [{ ...small, publicKey: key }] });
    const key = small.publicKey;
    const zeroPoint = Buffer.concat([key.subarray(0, 1184), Buffer.alloc(32)]);
    const cases: [Buffer, RegExp][] = [
      [Buffer.alloc(0), /ClientHello.magic/],
      [Buffer.from('GET / HTTP/1.1'), /ClientHello/],
      [clientHelloBytes({ ...hello, keyBits: 64 }), /keys of 64 bits were asked for/],
      [clientHelloBytes({ ...hello, keyBits: 512 }), /128, 192 and 256/],
      [clientHelloBytes({ ...hello, shares: [] }), /shares.*missing/],
      [clientHelloBytes({ ...hello, shares: [small, large] }), /do not ascend/],
      [clientHelloBytes({ ...hello, shares: [small, small] }), /do not ascend/],
      [none(key.subarray(1)), /1215 bytes, and must have 1216/],
      [none(zeroPoint), /small order/],
      [none(Buffer.alloc(1216, 0xff)), /coefficient/],
      [Buffer.concat([handshake.hello, Buffer.of(0x2a, 0)]), /not known/],
      [Buffer.alloc(16_385), /16385 bytes is larger than the 16384/],
    ];
    for (const [bytes, message] of cases) expect(await refused(bytes)).toMatch(message);
  });

  test('with a P-384 share off the curve is refused', async () => {
    const broken = { ...large, publicKey: flipped(large.publicKey, 1_664) };
    const bytes = clientHelloBytes({ ...hello, keyBits: 256, shares: [broken] });
    expect(await refused(bytes)).toMatch(/not on the curve/);
  });

  test('may have shares that this server does not know', async () => {
    const others = [1, 0xffff].map((kem) => ({ kem, publicKey: Buffer.alloc(4_096) }));
    const shares = [...others, ...hello.shares].sort((a, b) => a.kem - b.kem);
    await answerHello(clientHelloBytes({ ...hello, shares }), answers);
  });
});

describe('whoever is on the way', () => {
  /** A signer that takes no time: what is altered is found before any signature is looked at. */
  const quick: AnswerOptions = {
    ...answers,
    identity: { publicKey: identity.publicKey, sign: async () => Buffer.alloc(3_373) },
  };
  const begin = (keyBits: KeyBits = 128, sharesUpTo: KeyBits = keyBits) =>
    new ClientHandshake({ keyBits, sharesUpTo, random: repeatable() });
  const everyByte = (length: number, stride: number) =>
    Array.from({ length: Math.ceil(length / stride) }, (_, index) => index * stride);
  const stride = rounds({ quick: 21, short: 7, long: 1 });

  test.each([128, 256] as const)(
    'can change no byte of a client hello of %i bits',
    async (bits) => {
      const { hello } = begin(bits);
      const few = bits === 256 ? 10 : 1;
      for (const at of [...everyByte(64, 1), ...everyByte(hello.length, stride * few)]) {
        const altered = flipped(hello, at, 1 << (at % 8));
        await expect(
          (async () => {
            const { serverHello } = await answerHello(altered, quick);
            await begin(bits).finish(serverHello);
          })(),
          `byte ${at}`,
        ).rejects.toMatchObject({
          reason: expect.stringMatching(/^WIRE_(HANDSHAKE_FAILED|SHARE_MISSING)$/),
        });
      }
    },
  );

  test('can change no byte of a server hello, and cut off none', async () => {
    const { serverHello } = await answerHello(begin().hello, answers);
    await begin().finish(serverHello);
    const some = everyByte(serverHello.length, stride);
    for (const at of [...everyByte(64, 1), ...some]) {
      const error = await failure(() => begin().finish(flipped(serverHello, at, 1 << (at % 8))));
      expect(error.reason, `byte ${at}`).toBe('WIRE_HANDSHAKE_FAILED');
    }
    for (const length of everyByte(serverHello.length, stride * 10)) {
      const error = await failure(() => begin().finish(serverHello.subarray(0, length)));
      expect(error.reason, `${length} bytes`).toBe('WIRE_HANDSHAKE_FAILED');
    }
  });

  test("can change no byte of a client's last word, and cut off none", async () => {
    const handshake = begin();
    const attempt = async (alter: (finished: Buffer) => Buffer) => {
      const { serverHello, pending } = await answerHello(begin().hello, answers);
      const { finished } = await begin().finish(serverHello);
      return () => pending.accept(alter(finished));
    };
    const { finished } = await handshake.finish(
      (await answerHello(handshake.hello, answers)).serverHello,
    );
    for (let at = 0; at < finished.length; at += 1) {
      for (const alter of [(b: Buffer) => flipped(b, at), (b: Buffer) => b.subarray(0, at)]) {
        const accept = await attempt(alter);
        expect(accept, `byte ${at}`).toThrow(
          expect.objectContaining({ reason: 'WIRE_HANDSHAKE_FAILED' }),
        );
      }
    }
  });

  test('can make nobody take weaker keys than both would', async () => {
    // A client that takes 128 and offers both meets a server that would insist on 256.
    const client = () => begin(128, 256);
    const strong: AnswerOptions = { ...answers, keyBits: 256 };
    const hello = parseClientHello(client().hello);
    const weakened = [
      { ...hello, shares: hello.shares.filter(({ kem }) => kem === 0x647a) },
      { ...hello, keyBits: 192, shares: hello.shares },
    ];
    const [first, second] = weakened.map(clientHelloBytes) as [Buffer, Buffer];
    expect((await failure(() => answerHello(first, strong))).reason).toBe('WIRE_SHARE_MISSING');
    // Told the server that it takes 128, in the client's place, it has another transcript.
    for (const altered of [first, second]) {
      const { serverHello } = await answerHello(altered, answers);
      const error = await failure(() => client().finish(serverHello));
      expect(error.message).toMatch(/secret does not open/);
    }
  });

  test('can answer with keys that are weaker than what was asked for, and is refused', async () => {
    const asked = begin(256);
    const other = begin(128);
    const { serverHello } = await answerHello(other.hello, answers);
    const error = await failure(() => asked.finish(serverHello));
    expect(error.message).toMatch(/keys of 128 bits, and at least 256 were asked for/);
  });

  test('can mix no two handshakes', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        const handshake = new ClientHandshake({ keyBits: 128, sharesUpTo: 128 });
        return { handshake, ...(await answerHello(handshake.hello, answers)) };
      }),
    );
    if (one === undefined || other === undefined) throw new Error('there are two');
    const [mine, theirs] = [one, other].map(({ serverHello }) => parseServerHello(serverHello));
    const mixed = serverHelloBytes({
      parameters: mine?.parameters as Buffer,
      sealedProof: theirs?.sealedProof as Buffer,
    });
    expect((await failure(() => one.handshake.finish(mixed))).message).toMatch(
      /proof does not open/,
    );
    const error = await failure(() => begin().finish(other.serverHello));
    expect(error.message).toMatch(/secret does not open/);
    const { finished } = await other.handshake.finish(other.serverHello);
    expect(() => one.pending.accept(finished)).toThrow(/client's MAC does not verify/);
  });
});

describe('another server', () => {
  const other = KeyPair.fromSeed(1, Buffer.alloc(64, 8));

  test('can name an identity key that is not its own, and is refused', async () => {
    const liar = {
      publicKey: identity.publicKey,
      sign: (context: string, bytes: Buffer) => other.sign(context, bytes),
    };
    const handshake = new ClientHandshake({ keyBits: 128 });
    const { serverHello } = await answerHello(handshake.hello, { ...answers, identity: liar });
    const error = await failure(() => handshake.finish(serverHello));
    expect(error.message).toMatch(/identity key does not verify/);
  });

  test('can pass on what the right one has signed for itself, and is refused', async () => {
    // It makes a handshake with the right one, and shows that signature to its own client.
    let signature = Buffer.alloc(0) as Buffer;
    const spied = {
      publicKey: identity.publicKey,
      sign: async (context: string, bytes: Buffer) => {
        signature = await identity.sign(context, bytes);
        return signature;
      },
    };
    const own = new ClientHandshake({ keyBits: 128 });
    await answerHello(own.hello, { ...answers, identity: spied });
    const relayed = { publicKey: identity.publicKey, sign: async () => signature };
    const victim = new ClientHandshake({ keyBits: 128 });
    const { serverHello } = await answerHello(victim.hello, { ...answers, identity: relayed });
    await expect(victim.finish(serverHello)).rejects.toThrow(/identity key does not verify/);
  });

  test('that signs for another purpose is refused', async () => {
    const confused = {
      publicKey: identity.publicKey,
      sign: (_: string, bytes: Buffer) => identity.sign('atedb/v1/proof', bytes),
    };
    const handshake = new ClientHandshake({ keyBits: 128 });
    const { serverHello } = await answerHello(handshake.hello, { ...answers, identity: confused });
    await expect(handshake.finish(serverHello)).rejects.toThrow(/identity key does not verify/);
  });
});

describe('a handshake', () => {
  test('is for one use, at both ends', async () => {
    const handshake = new ClientHandshake({ keyBits: 128 });
    const { serverHello, pending } = await answerHello(handshake.hello, answers);
    const { finished } = await handshake.finish(serverHello);
    await expect(handshake.finish(serverHello)).rejects.toThrow(/for one use/);
    pending.accept(finished);
    expect(() => pending.accept(finished)).toThrow(/it is over/);
  });

  test('that was given up makes no session', async () => {
    const handshake = new ClientHandshake({ keyBits: 128 });
    const { serverHello, pending } = await answerHello(handshake.hello, answers);
    const { finished } = await handshake.finish(serverHello);
    pending.discard();
    expect(() => pending.accept(finished)).toThrow(/it is over/);
    const second = await answerHello(new ClientHandshake({ keyBits: 128 }).hello, answers);
    expect(() => second.pending.accept(randomBytes(41))).toThrow(AtedbError);
    expect(() => second.pending.accept(finished)).toThrow(/it is over/);
  });

  test('shows no secret, in words or in JSON', async () => {
    const handshake = new ClientHandshake({ keyBits: 256 });
    const { serverHello, pending } = await answerHello(handshake.hello, answers);
    const { finished, session } = await handshake.finish(serverHello);
    const kept = pending.accept(finished);
    for (const one of [session, kept]) {
      const told = `${JSON.stringify(one)} ${inspect(one, { depth: 9, showHidden: true })}`;
      expect(told).toContain(session.id.toString('hex'));
      expect(told).not.toContain(session.exporter.toString('hex').slice(0, 8));
      expect(told.length).toBeLessThan(250);
    }
  });
});
