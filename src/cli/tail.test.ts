import { expect, test } from 'vitest';
import { AtedbError } from '../bytes/index.ts';
import type { SubscriptionSignal } from '../client/index.ts';
import { reconnectionTeller } from './tail.ts';

test('a lost server is told once, and so is its return', () => {
  const told: string[] = [];
  const onSignal = reconnectionTeller(({ kind }) => told.push(kind));
  const cause = new AtedbError('CONNECTION_FAILED', 'gone');
  const lost: SubscriptionSignal = { kind: 'reconnecting', delayMs: 1, cause };
  const head = { size: 1, root: Buffer.alloc(32) };
  const back: SubscriptionSignal = { kind: 'caught-up', head, nextSequence: 1 };
  for (const signal of [back, lost, lost, lost, back, back, lost]) onSignal(signal);
  expect(told).toEqual(['reconnecting', 'reconnected', 'reconnecting']);
});
