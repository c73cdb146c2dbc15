import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { agreeIn, flipped, tableWithSession } from '../../test/support/wire-world.ts';
import type { AtedbError } from '../bytes/index.ts';
import {
  ClientCallCrypto,
  type ClientSession,
  framePayloadBytesMax,
  frameTypes,
  keySizes,
  ServerCallCrypto,
  SessionTable,
} from './index.ts';
import { SessionKeys } from './session-keys.ts';

const { open, message, halfClose, status, headers } = frameTypes;
const text = (words: string) => Buffer.from(words);

let table: SessionTable;
let session: ClientSession;

beforeAll(async () => {
  ({ table, client: session } = await tableWithSession());
});

/** A call whose first frame has come. */
interface Call {
  readonly client: ClientCallCrypto;
  readonly server: ServerCallCrypto;
}

function begin(within: ClientSession = session): Call {
  const client = within.openCall();
  return { client, server: table.beginCall(client.seal(open, text('open'))).call };
}

/** Frames of a client, after its first one. */
const request = ({ client }: Call, count = 3): Buffer[] => [
  ...Array.from({ length: count }, (_, at) => client.seal(message, text(`request ${at}`))),
  client.seal(halfClose, Buffer.alloc(0)),
];

/** All frames of a server. */
const response = ({ server }: Call, count = 3): Buffer[] => [
  ...Array.from({ length: count }, (_, at) => server.seal(message, text(`answer ${at}`))),
  server.seal(status, text('done')),
];

const invalid = expect.objectContaining<Partial<AtedbError>>({ reason: 'WIRE_FRAME_INVALID' });

/** What comes of frames: how many open before one is refused. After it, none does. */
function opened(end: { open(message: Buffer): unknown }, frames: readonly Buffer[]): number {
  let count = 0;
  for (const [at, frame] of frames.entries()) {
    try {
      end.open(frame);
      count += 1;
    } catch (error) {
      expect(error).toEqual(invalid);
      for (const later of frames.slice(at + 1)) expect(() => end.open(later)).toThrow(invalid);
      return count;
    }
  }
  return count;
}

/** Both directions: makes a call, its frames, and who opens them. */
const directions = {
  'of a client': (count?: number) => {
    const call = begin();
    return { frames: request(call, count), end: call.server, call };
  },
  'of a server': (count?: number) => {
    const call = begin();
    return { frames: response(call, count), end: call.client, call };
  },
} as const;

describe.each(keySizes)('frames of %i bits', (keyBits) => {
  test('carry payloads of any size and type, both ways', async () => {
    const strong = await agreeIn(table, { keyBits });
    const payload = fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), fc.boolean(), (payloads, hasHeaders) => {
        const { client, server } = begin(strong);
        for (const one of payloads) {
          expect(server.open(client.seal(message, one))).toEqual({ type: message, payload: one });
        }
        expect(server.hasHalfClosed).toBe(false);
        expect(server.open(client.seal(halfClose, Buffer.alloc(0))).type).toBe(halfClose);
        expect(server.hasHalfClosed).toBe(true);
        if (hasHeaders) expect(client.open(server.seal(headers, text('h'))).type).toBe(headers);
        for (const one of payloads) {
          expect(client.open(server.seal(message, one))).toEqual({ type: message, payload: one });
        }
        expect([client.hasEnded, server.hasEnded]).toEqual([false, false]);
        expect(client.open(server.seal(status, text('s'))).payload).toEqual(text('s'));
        expect([client.hasEnded, server.hasEnded]).toEqual([true, true]);
      }),
      { numRuns: rounds({ short: 20, long: 500 }) },
    );
  });
});

test('a payload may be in parts, and is not copied', () => {
  const { client, server } = begin();
  const parts = [text('one, '), Buffer.alloc(0), text('two')];
  const sealed = client.sealParts(message, parts);
  expect(sealed).toHaveLength(5);
  expect(server.open(Buffer.concat(sealed)).payload).toEqual(text('one, two'));
});

test('a payload has a limit, so that its frame fits into a message of a stock client', () => {
  const { client, server } = begin();
  const largest = Buffer.alloc(framePayloadBytesMax);
  const answer = server.seal(message, largest);
  expect(answer.length).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(client.open(answer).payload.equals(largest)).toBe(true);
  const tooLarge = Buffer.alloc(framePayloadBytesMax + 1);
  expect(() => client.seal(message, tooLarge)).toThrow(
    expect.objectContaining({ reason: 'DATA_TOO_LARGE' }),
  );
  // And nothing has happened.
  expect(server.open(client.seal(message, text('small'))).payload).toEqual(text('small'));
});

test('frames under one key are replaced by others under the next', () => {
  const { client, server } = begin();
  for (let at = 0; at < 2_100; at += 1) {
    expect(server.open(client.seal(message, text(`${at}`))).payload.toString()).toBe(`${at}`);
  }
});

describe.each(Object.entries(directions))('of the frames %s', (_, make) => {
  test('each opens once, in its order', () => {
    const { frames, end } = make();
    expect(opened(end, frames)).toBe(frames.length);
    expect(() => end.open(frames[0] as Buffer)).toThrow(invalid);
  });

  test('none can be dropped, but the last ones: that is seen', () => {
    const { length } = make().frames;
    for (let at = 0; at < length - 1; at += 1) {
      const { frames, end } = make();
      expect(opened(end, frames.toSpliced(at, 1)), `without frame ${at}`).toBe(at);
    }
    for (let kept = 0; kept < length; kept += 1) {
      const { frames, end, call } = make();
      opened(end, frames.slice(0, kept));
      const hasEnded = end === call.client ? call.client.hasEnded : call.server.hasHalfClosed;
      expect(hasEnded, `after ${kept} frames`).toBe(false);
    }
  });

  test('none can be repeated', () => {
    const { length } = make().frames;
    for (let at = 0; at < length; at += 1) {
      for (let later = at + 1; later <= length; later += 1) {
        const { frames, end } = make();
        expect(opened(end, frames.toSpliced(later, 0, frames[at] as Buffer))).toBe(later);
      }
    }
  });

  test('no two can change places', () => {
    const { length } = make().frames;
    for (let one = 0; one < length; one += 1) {
      for (let other = one + 1; other < length; other += 1) {
        const { frames, end } = make();
        const swapped = frames
          .with(one, frames[other] as Buffer)
          .with(other, frames[one] as Buffer);
        expect(opened(end, swapped)).toBe(one);
      }
    }
  });

  test('no bit of one can be changed', () => {
    const { length } = make(0).frames[0] as Buffer;
    for (let at = 0; at < length; at += 1) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        const { frames, end } = make(0);
        expect(opened(end, [flipped(frames[0] as Buffer, at, bit)]), `byte ${at}`).toBe(0);
      }
    }
  });

  test('none can be cut, or made longer', () => {
    const { length } = make(1).frames[0] as Buffer;
    for (let cut = 0; cut < length; cut += 1) {
      const { frames, end } = make(1);
      expect(opened(end, [(frames[0] as Buffer).subarray(0, cut)]), `${cut} bytes`).toBe(0);
    }
    for (const more of [Buffer.of(0), Buffer.alloc(16)]) {
      const { frames, end } = make(1);
      expect(opened(end, [Buffer.concat([frames[0] as Buffer, more])])).toBe(0);
    }
  });

  test('none can be moved to another call, session or direction, or be put in front', async () => {
    const moved = make();
    const other = make();
    expect(opened(other.end, moved.frames)).toBe(0);
    const elsewhere = begin(await agreeIn(table));
    const end = moved.end === moved.call.client ? elsewhere.client : elsewhere.server;
    expect(opened(end, moved.frames)).toBe(0);
    const back = make();
    const wrongEnd = back.end === back.call.client ? back.call.server : back.call.client;
    expect(opened(wrongEnd, back.frames)).toBe(0);
  });

  test('none comes after the last', () => {
    const { frames, end, call } = make();
    expect(opened(end, frames)).toBe(frames.length);
    const seal = () =>
      end === call.client
        ? call.server.seal(message, text('more'))
        : call.client.seal(message, text('more'));
    expect(seal).toThrow(/must not come now/);
  });
});

describe('the first frame', () => {
  test('of a client names its session, and is OPEN', async () => {
    const sealed = session.openCall().seal(open, text('open'));
    // Field 1 is 18 bytes; field 3, which is as long, follows the number.
    expect(() => table.beginCall(sealed.subarray(18))).toThrow(/names no session/);
    const at = sealed.indexOf(Buffer.of(0x1a, 16), 18);
    const without = Buffer.concat([sealed.subarray(0, at), sealed.subarray(at + 18)]);
    expect(() => table.beginCall(without)).toThrow(/nothing random/);
    const { client } = begin();
    expect(() => table.beginCall(client.seal(message, text('x')))).toThrow(/names no session/);
    expect(() => session.openCall().seal(message, text('x'))).toThrow(/must not come now/);
  });

  test('of a client that was changed is refused, and uses up no call', () => {
    const sealed = session.openCall().seal(open, text('open'));
    for (let at = 0; at < sealed.length; at += 1) {
      expect(() => table.beginCall(flipped(sealed, at)), `byte ${at}`).toThrow(
        expect.objectContaining({
          reason: expect.stringMatching(/^WIRE_(FRAME_INVALID|SESSION_UNKNOWN|CALL_REPLAYED)$/),
        }),
      );
    }
    expect(table.beginCall(sealed).open).toEqual(text('open'));
  });

  test('of a client for another call, number put in by somebody else, does not open', () => {
    const sealed = session.openCall().seal(open, text('open'));
    const next = session.openCall().call;
    const renumbered = Buffer.concat([
      sealed.subarray(0, 18),
      Buffer.of(0x10, (next & 0x7f) | 0x80, next >> 7),
      sealed.subarray(sealed.indexOf(Buffer.of(0x1a, 16), 18)),
    ]);
    expect(next).toBeGreaterThan(127);
    expect(() => table.beginCall(renumbered)).toThrow(invalid);
  });

  test('of a server has what is random, and no other has it', () => {
    const call = begin();
    const [first, second] = response(call) as [Buffer, Buffer];
    expect(opened(call.client, [first.subarray(18)])).toBe(0);
    const again = begin();
    const frames = response(again) as [Buffer, Buffer];
    const doubled = Buffer.concat([frames[0].subarray(0, 18), frames[1]]);
    expect(opened(again.client, [frames[0], doubled])).toBe(1);
    expect(second[0]).not.toBe(0x0a);
  });

  test('of a server whose call was answered by it before opens nothing of the other answer', () => {
    // The same call, twice, as of a server that was set back: what is random differs, and so do all keys.
    const client = session.openCall();
    const sealed = client.seal(open, text('open'));
    const { call } = table.beginCall(sealed);
    const answer = call.seal(message, text('one'));
    const last = call.seal(status, text('done'));
    client.open(answer);
    const random = Buffer.concat([Buffer.of(0x0a, 16), Buffer.alloc(16, 9)]);
    expect(() => client.open(Buffer.concat([random, last]))).toThrow(invalid);
  });
});

test('a process that was forked with its session has no keys in common with the other one', () => {
  const secret = (first: number) => Buffer.alloc(32, first);
  const sealed = [1, 2].map((random) => {
    const keys = new SessionKeys({
      ...{ clientRoot: secret(1), serverRoot: secret(2), exporter: secret(3) },
    });
    const place = { sessionId: Buffer.alloc(16, 4), keyBits: 128, call: 7, keys } as const;
    const call = new ClientCallCrypto({
      ...{ ...place, random: Buffer.alloc(16, random), count: () => {} },
    });
    call.seal(open, text('open'));
    return call.seal(message, Buffer.alloc(64));
  });
  const [one, other] = sealed as [Buffer, Buffer];
  // Of zeros, the ciphertext is what is added to a text: where one were that of the other, they would be the same.
  expect(one.subarray(0, 4)).toEqual(other.subarray(0, 4));
  expect(one.subarray(4, 20)).not.toEqual(other.subarray(4, 20));
});

describe('keys that were forgotten', () => {
  test('of a call seal nothing and open nothing', () => {
    const call = begin();
    const [answer = Buffer.alloc(0)] = response(call);
    const sealed = call.client.seal(message, text('x'));
    call.client.wipe();
    call.server.wipe();
    expect(() => call.client.open(answer)).toThrow(invalid);
    expect(() => call.server.open(sealed)).toThrow(invalid);
    expect(() => call.client.seal(message, text('x'))).toThrow(/were forgotten/);
    const other = begin();
    other.server.wipe();
    expect(() => other.server.seal(message, text('x'))).toThrow(/were forgotten/);
  });

  test('of a session open no first frame of a server, least of all one that was made with zeros', async () => {
    const ended = await agreeIn(table);
    const call = begin(ended);
    const answered = begin(ended);
    const frames = response(call);
    answered.client.open(answered.server.seal(message, text('one')));
    ended.end();
    expect(() => ended.openCall()).toThrow(
      expect.objectContaining({ reason: 'WIRE_SESSION_UNKNOWN' }),
    );
    const zeros = () => Buffer.alloc(32);
    const forged = new ServerCallCrypto({
      sessionId: ended.id,
      keyBits: 128,
      call: call.client.call,
      keys: new SessionKeys({ clientRoot: zeros(), serverRoot: zeros(), exporter: zeros() }),
      clientRandom: Buffer.alloc(16),
      random: Buffer.alloc(16, 1),
      count: () => {},
    });
    expect(() => call.client.open(forged.seal(status, text('ok')))).toThrow(/session was ended/);
    expect(opened(call.client, frames)).toBe(0);
    // A call that was being answered goes on.
    const last = answered.server.seal(status, text('done'));
    expect(answered.client.open(last).type).toBe(status);
  });

  test('of a session on a server leave its open calls alone', async () => {
    const other = new SessionTable({ now: () => 0 });
    const client = (await agreeIn(other)).openCall();
    const { call } = other.beginCall(client.seal(open, text('open')));
    other.clear();
    expect(call.open(client.seal(message, text('x'))).payload).toEqual(text('x'));
    expect(client.open(call.seal(status, text('done'))).payload).toEqual(text('done'));
  });
});
