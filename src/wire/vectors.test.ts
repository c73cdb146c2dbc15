import * as hpke from 'hpke';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  callValues,
  handshake,
  identityKey,
  type WireInputs,
} from '../../test/support/independent-wire.ts';
import { type WireCase, wireCases } from '../../test/support/wire-vectors.ts';
import { chooseProvider, PublicKey, providerNames } from '../crypto/index.ts';
import { type FrameType, parseFrame } from './frames.ts';
import {
  type AnsweredHello,
  answerHello,
  ClientCallCrypto,
  ClientHandshake,
  type KeyBits,
  ServerCallCrypto,
} from './index.ts';
import { parseParameters, parseServerHello } from './messages.ts';
import { SessionKeys } from './session-keys.ts';

// The vectors of the tunnel, test/vectors/atedb-wire.json, are made by an implementation that has nothing of this folder; here both
// are held together. That the file is what it makes is test/vectors.slow.test.ts.

test('there is a case for each size of keys', () => {
  expect(wireCases.map(({ inputs }) => handshake(inputs).keyBits)).toEqual([128, 192, 256]);
});

test.each(wireCases)('the library hpke opens the secret: $name', async ({ inputs }) => {
  const values = handshake(inputs);
  const isLarge = values.keyBits === 256;
  const suite = new hpke.CipherSuite(
    isLarge ? hpke.KEM_MLKEM1024_P384 : hpke.KEM_MLKEM768_X25519,
    hpke.KDF_HKDF_SHA256,
    hpke.AEAD_AES_256_GCM,
  );
  const seed = inputs.seeds.find(({ kem }) => kem === values.kem)?.seed as Buffer;
  const key = await suite.DeserializePrivateKey(seed, false);
  const { parameters } = parseServerHello(Buffer.from(values.serverHello));
  const { encapsulated, sealedSecret } = parseParameters(parameters);
  const opened = await suite.Open(key, encapsulated, sealedSecret, { info: values.hpkeInfo });
  expect(Buffer.from(opened)).toEqual(inputs.secret);
});

/** Gives these bytes one after the other, each of the length that is asked for. */
function giving(...values: readonly Buffer[]): (bytes: number) => Buffer {
  const left = [...values];
  return (bytes) => {
    const next = Buffer.from(left.shift() as Buffer);
    expect(next.length).toBe(bytes);
    return next;
  };
}

function beginAs({ clientKeyBits, clientRandom, seeds }: WireInputs): ClientHandshake {
  return new ClientHandshake({
    keyBits: clientKeyBits as KeyBits,
    sharesUpTo: seeds.length === 1 ? (clientKeyBits as KeyBits) : 256,
    random: giving(clientRandom, ...seeds.map(({ seed }) => seed)),
  });
}

function answerAs(hello: Buffer, inputs: WireInputs): Promise<AnsweredHello> {
  const { lifetimeMs, idleMs, bytesMax, rotations, sessionId, secret, encapsulation } = inputs;
  const { publicKey, sign } = identityKey(inputs.identitySeed);
  return answerHello(hello, {
    keyBits: inputs.serverKeyBits as KeyBits,
    identity: {
      publicKey: PublicKey.parse(1, Buffer.from(publicKey)),
      sign: async (context, message) => sign(context, message),
    },
    rotations,
    terms: { lifetimeMs, idleMs, bytesMax },
    random: giving(sessionId, secret),
    coins: { mlkem: encapsulation.subarray(0, 32), curve: encapsulation.subarray(32) },
  });
}

describe.each(wireCases)('$name', ({ inputs, calls }: WireCase) => {
  const values = handshake(inputs);

  beforeEach(() => chooseProvider('portable'));
  afterEach(() => chooseProvider('native'));

  test('both ends of ours make the same messages, and the same exporter', async () => {
    const client = beginAs(inputs);
    expect(client.hello.equals(values.clientHello)).toBe(true);
    const { serverHello, pending } = await answerAs(client.hello, inputs);
    expect(serverHello.equals(values.serverHello)).toBe(true);
    const finished = await client.finish(serverHello);
    expect(finished.finished.equals(values.clientFinished)).toBe(true);
    expect(finished.session.exporter).toEqual(values.exporter);
    expect(finished.session.id).toEqual(inputs.sessionId);
    expect(finished.rotations).toEqual(inputs.rotations);
    expect(pending.accept(Buffer.from(values.clientFinished)).id).toEqual(inputs.sessionId);
  });

  test('our client finishes with what the vector says on the native provider, too', async () => {
    await chooseProvider('native');
    const client = beginAs(inputs);
    const { finished, session } = await client.finish(Buffer.from(values.serverHello));
    expect(finished.equals(values.clientFinished)).toBe(true);
    expect(session.exporter).toEqual(values.exporter);
  });

  test.each(providerNames)('our ends seal and open the same frames, by %s code', async (name) => {
    await chooseProvider(name);
    for (const { call, clientRandom, serverRandom, frames: due } of calls) {
      const keys = new SessionKeys({
        clientRoot: Buffer.from(values.clientRoot),
        serverRoot: Buffer.from(values.serverRoot),
        exporter: Buffer.from(values.exporter),
      });
      const { frames } = callValues(values, inputs.sessionId, {
        ...{ call, clientRandom, serverRandom, frames: due },
      });
      const place = { sessionId: inputs.sessionId, keyBits: values.keyBits as KeyBits, call, keys };
      const ends = {
        client: new ClientCallCrypto({ ...place, random: clientRandom, count: () => {} }),
        server: new ServerCallCrypto({
          ...place,
          ...{ clientRandom, random: serverRandom, count: () => {} },
        }),
      };
      for (const sender of ['client', 'server'] as const) {
        const sealing = ends[sender];
        const open = (message: Buffer, isFirst: boolean): Buffer => {
          if (sender === 'server') return ends.client.open(message).payload;
          if (isFirst) return ends.server.openFirst(parseFrame('client', message));
          return ends.server.open(message).payload;
        };
        let next = 0;
        for (const frame of frames.filter((one) => one.sender === sender)) {
          // Those in between are not in the vectors.
          for (; next < frame.index; next += 1) open(sealing.seal(2, Buffer.alloc(9)), next === 0);
          const sealed = sealing.seal(frame.type as FrameType, frame.payload);
          expect(sealed.equals(frame.message), `${sender}'s frame ${frame.index}`).toBe(true);
          expect(open(sealed, next === 0)).toEqual(frame.payload);
          next += 1;
        }
      }
    }
  });
});
