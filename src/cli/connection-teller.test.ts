import { expect, test } from 'vitest';
import { ConnectionTeller } from './connection-teller.ts';

test('a lost server is told once, and so is its return', () => {
  const told: string[] = [];
  const teller = new ConnectionTeller(({ kind, message }) => told.push(`${kind}: ${message}`));
  teller.answered();
  for (let attempt = 0; attempt < 3; attempt += 1) teller.lost(new Error('no route'));
  teller.answered();
  teller.answered();
  teller.lost(new Error('gone'));
  expect(told).toEqual([
    'reconnecting: lost the server, trying again until it is back: no route',
    'reconnected: the server is back',
    'reconnecting: lost the server, trying again until it is back: gone',
  ]);
});
