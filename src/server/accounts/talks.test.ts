import { expect, test } from 'vitest';
import { inTime, Talks } from './talks.ts';

const from = (peer: string, isLocal = false) => ({ peer, isLocal });
const tooMany = expect.objectContaining({ reason: 'TOO_MANY_STREAMS' });
const tooSlow = expect.objectContaining({ reason: 'REQUEST_TOO_SLOW' });

test('an address has so many streams at once, and the own machine as many as there may be', () => {
  const talks = new Talks();
  const leave = Array.from({ length: 64 }, (_, port) => talks.enter(from(`192.0.2.1:${port}`)));
  expect(() => talks.enter(from('192.0.2.1:9'))).toThrow(tooMany);
  leave[0]?.();
  talks.enter(from('192.0.2.1:9'));
  // A network of IPv6 is one address.
  for (let host = 0; host < 64; host += 1) talks.enter(from(`[2001:db8::${host}]:1`));
  expect(() => talks.enter(from('[2001:db8::ffff]:1'))).toThrow(tooMany);
  for (let left = 4_096 - 128; left > 0; left -= 1) talks.enter(from('127.0.0.1:1', true));
  expect(() => talks.enter(from('127.0.0.1:1', true))).toThrow(tooMany);
  expect(() => talks.enter(from('198.51.100.1:1'))).toThrow(tooMany);
});

test('each message has to come in time, and those that do are passed on', async () => {
  async function* two() {
    yield Buffer.from('a');
    yield Buffer.from('b');
  }
  expect((await Array.fromAsync(inTime(two()))).join()).toBe('a,b');
  async function* stuck() {
    yield Buffer.from('a');
    await new Promise(() => undefined);
  }
  const slow = inTime(stuck(), 10);
  expect((await slow.next()).value?.toString()).toBe('a');
  await expect(slow.next()).rejects.toEqual(tooSlow);
});
