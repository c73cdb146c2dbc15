import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { mutate } from '../../test/support/fuzz/mutate.ts';
import { randomBuffer } from '../../test/support/fuzz/mutate-blindly.ts';
import { rounds } from '../../test/support/scale.ts';
import { Random, seededRandom } from '../../test/support/seed.ts';
import { agree, identity, tableWithSession } from '../../test/support/wire-world.ts';
import { AtedbError, type Reason } from '../bytes/index.ts';
import { aesGcmSeal, hashBytes, hpkeSeal } from '../crypto/index.ts';
import { CallDirection } from './call-direction.ts';
import { FrameOpener } from './frame-crypto.ts';
import { type FrameType, frameHeading, type Sender } from './frames.ts';
import {
  type AnswerOptions,
  answerHello,
  ClientHandshake,
  type ClientSession,
  frameTypes,
  type SessionTable,
} from './index.ts';
import { kemFor } from './key-bits.ts';
import { HandshakeKeys, secretContext, transcript } from './key-schedule.ts';
import {
  identityBytes,
  parametersBytes,
  parseClientHello,
  proofBytes,
  serverHelloBytes,
} from './messages.ts';

// Bytes spoilt by their structure, from whoever is on the way, and from either end, which has the keys. What is spoilt is
// refused with the reason that is due, or is what it was; nothing else is thrown, and nothing is taken for what it isn't.

const inputs = rounds({ short: 300, long: 30_000 });
/** A signer that takes no time: what is spoilt is refused before anybody looks at the signature, or by that. */
const answers: AnswerOptions = {
  keyBits: 128,
  identity: { publicKey: identity.publicKey, sign: async () => Buffer.alloc(3_373, 1) },
};
const begin = () =>
  new ClientHandshake({ keyBits: 128, sharesUpTo: 128, random: (n) => Buffer.alloc(n, n) });

let table: SessionTable;
let session: ClientSession;
let donors: Buffer[];

beforeAll(async () => {
  ({ table, client: session } = await tableWithSession());
  const { hello } = begin();
  const { serverHello } = await answerHello(hello, answers);
  donors = [hello, serverHello, session.openCall().seal(frameTypes.open, Buffer.from('open'))];
});

/** What is refused with, undefined where nothing is. */
async function refusal(act: () => unknown): Promise<Reason | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    // Anything else is a defect.
    if (!(error instanceof AtedbError)) throw error;
    return error.reason;
  }
}

/** Tries inputs, each of which follows from the seed and its index. */
async function forEachInput(attempt: (random: Random) => Promise<void> | void): Promise<void> {
  const { seed } = seededRandom();
  for (let index = 0; index < inputs; index += 1) {
    try {
      await attempt(new Random(seed ^ Math.imul(index, 0x9e37_79b1)));
    } catch (error) {
      throw new Error(`input ${index} of ATEDB_TEST_SEED=${seed}`, { cause: error });
    }
  }
}

test('a spoilt hello of a client makes no session', async () => {
  const { hello } = begin();
  await forEachInput(async (random) => {
    const spoilt = mutate(hello, random, donors);
    if (spoilt.equals(hello)) return;
    const reason = await refusal(async () => {
      const { serverHello } = await answerHello(spoilt, answers);
      await begin().finish(serverHello);
    });
    expect(['WIRE_HANDSHAKE_FAILED', 'WIRE_SHARE_MISSING']).toContain(reason);
  });
});

test('a spoilt hello of a server makes no session', async () => {
  const { serverHello } = await answerHello(begin().hello, { ...answers, identity });
  await begin().finish(serverHello);
  await forEachInput(async (random) => {
    const spoilt = mutate(serverHello, random, donors);
    if (spoilt.equals(serverHello)) return;
    expect(await refusal(() => begin().finish(spoilt))).toBe('WIRE_HANDSHAKE_FAILED');
  });
});

test('a server that seals anything, and signs anything, is refused, or has said what can be said', async () => {
  const { hello } = begin();
  const kem = kemFor(128);
  const share = parseClientHello(hello).shares[0]?.publicKey as Buffer;
  const terms = { lifetimeMs: 1_000, idleMs: 1_000, bytesMax: 1_000 };
  const rotations = [Buffer.from('a statement')];
  const helloHash = transcript.clientHello(hello);
  let good = 0;
  await forEachInput(async (random) => {
    const secret = randomBuffer(random, hashBytes);
    const sealed = hpkeSeal(kem, share, secretContext(helloHash), secret);
    const spoil = (bytes: Buffer) => (random.chance(0.3) ? mutate(bytes, random, donors) : bytes);
    const parameters = spoil(
      parametersBytes({
        keyBits: 128,
        sessionId: randomBuffer(random, 16),
        kem: kem.kemId,
        encapsulated: sealed.subarray(0, 1_120),
        sealedSecret: sealed.subarray(1_120),
      }),
    );
    const parametersHash = transcript.parameters(helloHash, parameters);
    const keys = new HandshakeKeys(secret, parametersHash, 128);
    const identityPart = spoil(identityBytes({ key: identity.publicKey, rotations, terms }));
    const identityHash = transcript.identity(parametersHash, identityPart);
    const raw = await identity.sign('atedb/v1/wire', identityHash);
    const { fingerprint } = identity.publicKey;
    const signature = spoil(
      Buffer.concat([
        Buffer.from('08011220', 'hex'),
        fingerprint,
        Buffer.from('1aad1a', 'hex'),
        raw,
      ]),
    );
    const signatureHash = transcript.signature(identityHash, signature);
    const finished = keys.finished('server', signatureHash);
    const proof = spoil(proofBytes({ identity: identityPart, signature, finished }));
    const sealedProof = aesGcmSeal(keys.proofSealing(parametersHash), proof);
    const bytes = spoil(serverHelloBytes({ parameters, sealedProof }));
    const reason = await refusal(async () => {
      const handshake = await begin().finish(bytes);
      expect(handshake.identity.fingerprint).toEqual(fingerprint);
    });
    if (reason === undefined) good += 1;
    else expect(reason).toBe('WIRE_HANDSHAKE_FAILED');
  });
  expect(good).toBeGreaterThan(inputs / 20);
  expect(good).toBeLessThan(inputs * 0.9);
});

test('a spoilt last word of a client makes no session', async () => {
  const { serverHello, pending } = await answerHello(begin().hello, { ...answers, identity });
  const { finished } = await begin().finish(serverHello);
  pending.discard();
  await forEachInput(async (random) => {
    const spoilt = mutate(finished, random, donors);
    const { pending: own } = await answerHello(begin().hello, answers);
    expect(await refusal(() => own.accept(spoilt))).toBe('WIRE_HANDSHAKE_FAILED');
  });
});

test('a spoilt frame is refused, at either end and in any place', async () => {
  await forEachInput((random) => {
    const client = session.openCall();
    const first = client.seal(frameTypes.open, randomBuffer(random, 20));
    const spoiltFirst = mutate(first, random, donors);
    const second = client.seal(frameTypes.message, randomBuffer(random, random.between(0, 40)));
    expectRefused(() => table.beginCall(spoiltFirst), spoiltFirst.equals(first), [
      'WIRE_FRAME_INVALID',
      'WIRE_SESSION_UNKNOWN',
      'WIRE_CALL_REPLAYED',
    ]);
    if (spoiltFirst.equals(first)) return;
    const { call: server } = table.beginCall(first);
    const answer = server.seal(frameTypes.message, randomBuffer(random, 20));
    for (const [end, frame] of [
      [server, second],
      [client, answer],
    ] as const) {
      const spoilt = mutate(frame, random, [...donors, first, second, answer]);
      expectRefused(() => end.open(spoilt), spoilt.equals(frame), ['WIRE_FRAME_INVALID']);
    }
  });
});

test('any bytes are no frame', async () => {
  await forEachInput((random) => {
    const bytes = randomBuffer(random, random.between(0, 80));
    expectRefused(() => table.beginCall(bytes), false, [
      'WIRE_FRAME_INVALID',
      'WIRE_SESSION_UNKNOWN',
    ]);
    expectRefused(() => session.openCall().open(bytes), false, ['WIRE_FRAME_INVALID']);
  });
});

test.each(['client', 'server'] as const)(
  'a %s that has the keys may send its frames in their order only',
  (sender) => {
    const types = Object.values(frameTypes);
    const due = sender === 'client' ? /^1?$|^12*3?$/ : /^5?2*4?$/;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...types), { maxLength: 6 }), (sequence) => {
        const { seal, opener } = rawEnds(sender);
        let taken = '';
        for (const type of sequence) {
          const frame = seal(type);
          const isDue = due.test(`${taken}${type}`);
          expectRefused(() => opener.open(frame), isDue, ['WIRE_FRAME_INVALID']);
          if (!isDue) return;
          taken += type;
        }
      }),
      { numRuns: rounds({ short: 300, long: 20_000 }) },
    );
  },
);

test('sessions of one handshake each have nothing in common', async () => {
  const sessions = await Promise.all([agree(), agree()]);
  const exporters = sessions.map(({ client }) => client.exporter.toString('hex'));
  expect(new Set(exporters).size).toBe(2);
});

function expectRefused(act: () => unknown, isDue: boolean, reasons: readonly Reason[]): void {
  let reason: Reason | undefined;
  try {
    act();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    reason = error.reason;
  }
  if (isDue) expect(reason).toBeUndefined();
  else expect(reasons).toContain(reason);
}

/** One end that seals whatever it likes, and the other that opens it. */
function rawEnds(sender: Sender) {
  const place = { sessionId: Buffer.alloc(16, 1), call: 7, sender, keyBits: 128 } as const;
  const direction = () => new CallDirection(place, Buffer.alloc(32, 2));
  const sending = direction();
  const opener = new FrameOpener(sender, direction(), () => {});
  const seal = (type: FrameType) => {
    const sealed = aesGcmSeal(sending.next(type), Buffer.from('x'));
    return Buffer.concat([frameHeading(sender, type, 1, undefined), sealed]);
  };
  return { seal, opener };
}
