import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { agree, agreeIn, flipped } from '../../test/support/wire-world.ts';
import { type ClientSession, frameTypes, SessionTable, type SessionTerms } from './index.ts';
import { callWindow } from './limits.ts';
import { ServerSession } from './server-session.ts';

const { open, message } = frameTypes;
const unknown = expect.objectContaining({ reason: 'WIRE_SESSION_UNKNOWN' });
const replayed = expect.objectContaining({ reason: 'WIRE_CALL_REPLAYED' });
const terms: SessionTerms = { lifetimeMs: 10_000, idleMs: 1_000, bytesMax: 1_000_000 };

/** A table with a clock that stands until it is moved. */
function setUp(options: { sessionsMax?: number; sessionsPerPeerMax?: number } = {}) {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  const table = new SessionTable({ ...options, now });
  const join = (peer = 'peer', own = terms) => agreeIn(table, { peer, terms: own, now });
  return { table, clock, now, join };
}

function call(table: SessionTable, session: ClientSession) {
  const client = session.openCall();
  const begun = table.beginCall(client.seal(open, Buffer.from('open')));
  return { client, server: begun.call };
}

function isKnown(table: SessionTable, session: ClientSession): boolean {
  try {
    call(table, session);
    return true;
  } catch (error) {
    expect(error).toEqual(unknown);
    return false;
  }
}

describe('a call', () => {
  test('that was recorded and is made again is refused, before anything is done', async () => {
    const { table, join } = setUp();
    const session = await join();
    const client = session.openCall();
    const frames = [open, message].map((type) => client.seal(type, Buffer.from('x')));
    const { call: server } = table.beginCall(frames[0] as Buffer);
    server.open(frames[1] as Buffer);
    for (let time = 0; time < 3; time += 1) {
      expect(() => table.beginCall(frames[0] as Buffer)).toThrow(replayed);
    }
    // In another session, and at another server, too.
    const other = setUp();
    await other.join();
    expect(() => other.table.beginCall(frames[0] as Buffer)).toThrow(unknown);
  });

  test('may come after others that were begun later, within the window, and not beyond it', async () => {
    const { table, join } = setUp();
    const session = await join();
    const sealed = Array.from({ length: callWindow + 1 }, () =>
      session.openCall().seal(open, Buffer.alloc(0)),
    );
    table.beginCall(sealed[callWindow] as Buffer);
    table.beginCall(sealed[1] as Buffer);
    expect(() => table.beginCall(sealed[1] as Buffer)).toThrow(replayed);
    expect(() => table.beginCall(sealed[0] as Buffer)).toThrow(
      expect.objectContaining({ reason: 'WIRE_CALL_REPLAYED', metadata: { call: '0' } }),
    );
  });

  test('whose first frame does not open uses up no number, nor moves the window', async () => {
    const { table, join } = setUp();
    const session = await join();
    const first = session.openCall().seal(open, Buffer.alloc(0));
    // Somebody who has no key sends frames with the highest number that there is.
    const forged = Buffer.concat([
      first.subarray(0, 18),
      Buffer.from('10ffffffffffffff0f', 'hex'),
      first.subarray(18),
    ]);
    for (const bad of [forged, flipped(first, first.length - 1)]) {
      expect(() => table.beginCall(bad)).toThrow(
        expect.objectContaining({ reason: 'WIRE_FRAME_INVALID' }),
      );
    }
    table.beginCall(first);
  });
});

describe('a session ends', () => {
  test('by its age, at both ends, the client before the server', async () => {
    const { table, clock, join } = setUp();
    const own = { ...terms, idleMs: 100_000 };
    const session = await join('peer', own);
    clock.ms = 7_499;
    expect([session.isUsable, session.isDue]).toEqual([true, false]);
    clock.ms = 7_500;
    expect([session.isUsable, session.isDue]).toEqual([true, true]);
    const late = session.openCall().seal(open, Buffer.alloc(0));
    const last = session.openCall().seal(open, Buffer.alloc(0));
    clock.ms = 9_500;
    expect(session.isUsable).toBe(false);
    expect(() => session.openCall()).toThrow(unknown);
    clock.ms = 9_999;
    table.beginCall(late);
    clock.ms = 10_000;
    expect(() => table.beginCall(last)).toThrow(unknown);
    expect(table.size).toBe(0);
  });

  test('by idleness; each frame, of each end, keeps it', async () => {
    const { table, clock, join } = setUp();
    const session = await join();
    const { client, server } = call(table, session);
    for (let turn = 1; turn < 5; turn += 1) {
      clock.ms = turn * 900;
      expect(session.isUsable).toBe(true);
      if (turn % 2 === 0) server.open(client.seal(message, Buffer.alloc(0)));
      else client.open(server.seal(message, Buffer.alloc(0)));
    }
    expect(isKnown(table, session)).toBe(true);
    clock.ms += 949;
    expect(session.isUsable).toBe(true);
    clock.ms += 1;
    expect(session.isUsable).toBe(false);
    clock.ms += 49;
    table.sweep();
    expect(table.size).toBe(1);
    clock.ms += 1;
    table.sweep();
    expect(table.size).toBe(0);
  });

  test('by what it has carried, both ways together; open calls go on', async () => {
    const { table, join } = setUp();
    const session = await join('peer', { ...terms, bytesMax: 100_000 });
    const { client, server } = call(table, session);
    const half = Buffer.alloc(50_000);
    server.open(client.seal(message, half));
    expect(session.isUsable).toBe(true);
    const late = session.openCall().seal(open, Buffer.alloc(0));
    client.open(server.seal(message, half));
    expect([session.isUsable, session.isDue]).toEqual([false, true]);
    expect(() => table.beginCall(late)).toThrow(unknown);
    client.open(server.seal(message, half));
  });
});

describe('the table', () => {
  test('has room for so many, and one beyond makes that one lose its place that was idle for longest', async () => {
    const { table, clock, join } = setUp({ sessionsMax: 3 });
    const sessions: ClientSession[] = [];
    for (const peer of ['a', 'b', 'c']) {
      clock.ms += 1;
      sessions.push(await join(peer));
    }
    const [a, b, c] = sessions as [ClientSession, ClientSession, ClientSession];
    clock.ms += 1;
    expect(isKnown(table, a)).toBe(true);
    await join('d');
    expect(table.size).toBe(3);
    expect([a, b, c].map((one) => isKnown(table, one))).toEqual([true, false, true]);
  });

  test('counts frames of open calls as use', async () => {
    const { table, clock, join } = setUp({ sessionsMax: 2 });
    const a = await join('a');
    const { client, server } = call(table, a);
    clock.ms += 1;
    const b = await join('b');
    clock.ms += 1;
    server.open(client.seal(message, Buffer.alloc(0)));
    clock.ms += 1;
    await join('c');
    expect([a, b].map((one) => isKnown(table, one))).toEqual([true, false]);
  });

  test('has a share for each peer, beyond which that loses its own, and nobody else', async () => {
    const { table, clock, join } = setUp({ sessionsPerPeerMax: 2 });
    const quiet = await join('quiet');
    const greedy: ClientSession[] = [];
    for (let count = 0; count < 5; count += 1) {
      clock.ms += 1;
      greedy.push(await join('greedy'));
    }
    expect(table.size).toBe(3);
    expect(greedy.map((one) => isKnown(table, one))).toEqual([false, false, false, true, true]);
    expect(isKnown(table, quiet)).toBe(true);
  });

  test('forgets whose time is over when somebody comes, and all of them when it is cleared', async () => {
    const { table, clock, join } = setUp();
    for (const peer of ['a', 'b', 'b']) await join(peer);
    clock.ms = 1_000;
    const last = await join('c');
    expect(table.size).toBe(1);
    table.clear();
    expect(table.size).toBe(0);
    expect(isKnown(table, last)).toBe(false);
  });

  test('keeps no more than its limits, and those that were used last, whatever comes in whatever order', async () => {
    const { table, clock, join } = setUp({ sessionsMax: 8, sessionsPerPeerMax: 3 });
    const long = { ...terms, idleMs: 1_000_000, lifetimeMs: 1_000_000 };
    const known: { peer: string; session: ClientSession; usedMs: number }[] = [];
    const rest = (list: typeof known) => [...list].sort((x, y) => x.usedMs - y.usedMs)[0];
    let seed = 12_345;
    const choose = (count: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % count;
    };
    for (let step = 0; step < rounds({ short: 80, long: 1_000 }); step += 1) {
      clock.ms += 1;
      if (choose(2) === 0 || known.length === 0) {
        const peer = `peer ${choose(4)}`;
        const own = known.filter((one) => one.peer === peer);
        if (own.length === 3) known.splice(known.indexOf(rest(own) as (typeof known)[0]), 1);
        if (known.length === 8) known.splice(known.indexOf(rest(known) as (typeof known)[0]), 1);
        known.push({ peer, session: await join(peer, long), usedMs: clock.ms });
      } else {
        const one = known[choose(known.length)] as (typeof known)[0];
        expect(isKnown(table, one.session)).toBe(true);
        one.usedMs = clock.ms;
      }
      expect(table.size).toBe(known.length);
    }
  });
});

test('a session takes less than 2 KiB, with its place in the table', async () => {
  const { server } = await agree();
  const count = 20_000;
  const table = new SessionTable({ sessionsMax: count, sessionsPerPeerMax: count, now: () => 0 });
  const { terms: own } = server;
  const before = memory();
  for (let index = 0; index < count; index += 1) {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(index);
    const secret = () => Buffer.alloc(32, index);
    const session = new ServerSession({
      id,
      keyBits: 256,
      terms: own,
      createdMs: 0,
      secrets: { clientRoot: secret(), serverRoot: secret(), exporter: secret() },
    });
    // Each from another address, which costs most.
    table.add(session, `2001:db8:0:${index.toString(16)}::`);
  }
  const bytesEach = (memory() - before) / count;
  expect(table.size).toBe(count);
  expect(bytesEach).toBeGreaterThan(300);
  expect(bytesEach).toBeLessThan(2_048);
});

/** Bytes that the process keeps, on the heap of JavaScript and beside it. */
function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  gc();
  gc();
}
