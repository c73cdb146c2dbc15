import { AtedbError } from '../../../src/bytes/index.ts';
import { ClientCallCrypto, ClientHandshake, type KeyBits } from '../../../src/wire/index.ts';
import { SessionKeys } from '../../../src/wire/session-keys.ts';
import {
  callValues,
  type FrameInputs,
  type HandshakeLies,
  type HandshakeValues,
  handshake,
  type WireInputs,
} from '../independent-wire.ts';
import { wireCases } from '../wire-vectors.ts';
import { fixedBytes, flipped } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

/** The tunnel, by an implementation that shares nothing with src/, and what its clients refuse. */
export async function wireVectors(): Promise<VectorFile> {
  return {
    name: 'wire',
    about:
      'The encrypted tunnel of docs/wire.md, with fixed keys and random bytes: `cases` have `inputs`, the values of the handshake under the names of that page, and calls with some of their frames. `refusals` are answers to the hello of the case of that place which no client takes: WIRE_HANDSHAKE_FAILED, and nothing is sent to such a server. `badCalls` are frames of a server, in the call that is named: the first `good` ones open, and the next is refused with WIRE_FRAME_INVALID, as is all that comes behind it.',
    madeFrom: 'test/support/independent-wire.ts, which is written from docs/wire.md alone',
    lists: {
      cases: wireCases.map(({ name, inputs, calls }) => {
        const values = handshake(inputs);
        return {
          ...{ name, inputs, ...values },
          calls: calls.map((one) => callValues(values, inputs.sessionId, one)),
        };
      }),
      refusals: await refusals(),
      badCalls: badCalls(),
    },
  };
}

async function refusals(): Promise<VectorCase[]> {
  const of = (place: number) => wireCases[place]?.inputs as WireInputs;
  const lie = (why: string, place: number, lies: HandshakeLies) => ({
    ...{ why, case: place },
    serverHello: Buffer.from(handshake(of(place), lies).serverHello),
  });
  const right = Buffer.from(handshake(of(0)).serverHello);
  const changed = (why: string, serverHello: Buffer) => ({ why, case: 0, serverHello });
  const parametersAt = 3;
  const cases = [
    lie('smaller keys than were asked for', 1, { keyBits: 128 }),
    lie('a KEM that is not for keys of that size', 0, { keyBits: 256, kem: 0x647a }),
    lie('a signature for another purpose', 0, { purpose: 'atedb/v1/proof' }),
    lie('a signature by another key', 0, { signerSeed: fixedBytes('another identity', 64) }),
    lie('another MAC', 0, { mac: Buffer.alloc(32) }),
    changed('the session id was changed', flipped(right, parametersAt + 12)),
    changed('what is encapsulated was changed', flipped(right, parametersAt + 100)),
    changed('the sealed proof was changed', flipped(right, right.length - 100)),
    changed('its tag was changed', flipped(right, -1)),
    changed('it is cut short', right.subarray(0, -1)),
    changed('something is behind it', Buffer.concat([right, Buffer.of(0x18, 0x01)])),
    { why: 'it answers another hello', case: 1, serverHello: right },
    changed('nothing', Buffer.alloc(0)),
  ];
  for (const { case: place, serverHello, why } of cases) {
    const inputs = of(place);
    const left = [inputs.clientRandom, ...inputs.seeds.map(({ seed }) => seed)];
    const client = new ClientHandshake({
      keyBits: inputs.clientKeyBits as KeyBits,
      sharesUpTo: inputs.seeds.length === 1 ? (inputs.clientKeyBits as KeyBits) : 256,
      random: () => Buffer.from(left.shift() as Buffer),
    });
    const error = await client.finish(serverHello).catch((one: unknown) => one);
    if (!(error instanceof AtedbError) || error.reason !== 'WIRE_HANDSHAKE_FAILED') {
      throw new Error(`${why} is not refused`, { cause: error });
    }
  }
  return cases;
}

const headers = 5;
const message = 2;
const status = 4;
const call = 7;
const clientRandom = fixedBytes("a client's random bytes", 16);
const serverRandom = fixedBytes("a server's random bytes", 16);

function badCalls(): VectorCase[] {
  const inputs = wireCases[0]?.inputs as WireInputs;
  const values = handshake(inputs);
  const frames = (
    sender: FrameInputs['sender'],
    types: readonly number[],
    number = call,
  ): Buffer[] =>
    callValues(values, inputs.sessionId, {
      ...{ call: number, clientRandom, serverRandom },
      frames: types.map((type, index) => {
        const payload = Buffer.from(`payload ${index}`);
        return {
          ...{ sender, index, type },
          payload: type === headers ? Buffer.alloc(0) : payload,
        };
      }),
    }).frames.map((frame) => Buffer.from(frame.message));
  const right = frames('server', [headers, message, message, status]);
  const [first, second, third, last] = right as [Buffer, Buffer, Buffer, Buffer];
  const opening = first.subarray(0, 18);
  const cases: (readonly [string, number, readonly Buffer[]])[] = [
    ['a byte was changed', 1, [first, flipped(second, 10), third]],
    ['a tag was changed', 2, [first, second, flipped(third, -1)]],
    ['two changed places', 1, [first, third, second]],
    ['one is there twice', 2, [first, second, second]],
    ['one is missing', 1, [first, third, last]],
    ['a message passes for the status', 1, [first, retyped(second, status)]],
    ['the first one is missing', 0, [second]],
    ['its random bytes were changed', 0, [flipped(first, 5)]],
    ['the first one has none', 0, [first.subarray(18)]],
    ['a later one has random bytes', 1, [first, Buffer.concat([opening, second])]],
    ['headers come twice', 1, frames('server', [headers, headers])],
    ['headers come after a message', 1, frames('server', [message, headers])],
    ['a message comes after the status', 2, frames('server', [message, status, message])],
    ["a client's half-close", 0, frames('server', [3])],
    ["a client's opening", 0, frames('server', [1])],
    ['it is of another call', 0, frames('server', [message], call + 1)],
    ['it is the one that the client sent', 0, frames('client', [1])],
    ['it is cut short', 1, [first, second.subarray(0, -1)]],
    ['it has an unknown field', 1, [first, Buffer.concat([second, Buffer.of(0x38, 0x01)])]],
    ['it is shorter than its tag', 1, [first, Buffer.of(0x10, 2, 0x1a, 3, 1, 2, 3)]],
    ['nothing', 0, [Buffer.alloc(0)]],
  ];
  return cases.map(([why, good, messages]) => {
    checkBadCall(values, inputs, { why, good, messages });
    return { ...{ why, case: 0, call, clientRandom, good, messages } };
  });
}

/** The type is the field before the ciphertext, in a frame that is not the first. */
function retyped(frame: Buffer, type: number): Buffer {
  const copy = Buffer.from(frame);
  copy[1] = type;
  return copy;
}

function checkBadCall(
  values: HandshakeValues,
  inputs: WireInputs,
  { why, good, messages }: { why: string; good: number; messages: readonly Buffer[] },
): void {
  const client = new ClientCallCrypto({
    sessionId: inputs.sessionId,
    keyBits: values.keyBits as KeyBits,
    call,
    random: clientRandom,
    count: () => undefined,
    keys: new SessionKeys({
      clientRoot: Buffer.from(values.clientRoot),
      serverRoot: Buffer.from(values.serverRoot),
      exporter: Buffer.from(values.exporter),
    }),
  });
  messages.forEach((one, index) => {
    let reason: string | undefined;
    try {
      client.open(one);
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      reason = error.reason;
    }
    const due = index < good ? undefined : 'WIRE_FRAME_INVALID';
    if (reason !== due) throw new Error(`${why}: frame ${index}: ${reason}, not ${due}`);
  });
}
