import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Tickets } from './tickets.ts';

let nowMs = 1_800_000_000_000;
const tickets = new Tickets(() => nowMs);
const [chainId, fingerprint] = [randomBytes(32), randomBytes(32)];

test('a ticket names its bearer, for its chain and for ten minutes', () => {
  const { ticket, validMs } = tickets.issue(chainId, [fingerprint]);
  const bearer = { keys: [fingerprint.toString('hex')], expiresUnixMs: undefined };
  expect(tickets.bearerOf(ticket, chainId)).toEqual(bearer);
  expect(tickets.bearerOf(ticket, randomBytes(32))).toBeUndefined();
  const issuedMs = nowMs;
  nowMs = issuedMs + validMs - 1;
  expect(tickets.bearerOf(ticket, chainId)).toEqual(bearer);
  nowMs = issuedMs + validMs;
  expect(tickets.bearerOf(ticket, chainId)).toBeUndefined();
  // The clock is set back: it doesn't last for longer than it was given out for.
  nowMs = issuedMs - 1;
  expect(tickets.bearerOf(ticket, chainId)).toBeUndefined();
  nowMs = issuedMs;
});

test('what was not given out, or by another run of the server, counts nothing', () => {
  const { ticket } = tickets.issue(chainId, [fingerprint]);
  for (let at = 0; at < ticket.length; at += 1) {
    const altered = Buffer.from(ticket);
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(tickets.bearerOf(altered, chainId), `byte ${at}`).toBeUndefined();
    expect(tickets.bearerOf(ticket.subarray(0, at), chainId)).toBeUndefined();
  }
  expect(tickets.bearerOf(Buffer.concat([ticket, Buffer.of(0)]), chainId)).toBeUndefined();
  expect(new Tickets(() => nowMs).bearerOf(ticket, chainId)).toBeUndefined();
});

test('a ticket names those that have delegated to its bearer, and until when', () => {
  const path = Array.from({ length: 5 }, () => randomBytes(32));
  const { ticket } = tickets.issue(chainId, path, nowMs + 1_000);
  const keys = path.map((key) => key.toString('hex'));
  expect(tickets.bearerOf(ticket, chainId)).toEqual({ keys, expiresUnixMs: nowMs + 1_000 });
  // One of them left out, so that another stands behind it.
  expect(tickets.bearerOf(ticket.subarray(32), chainId)).toBeUndefined();
  const six = tickets.issue(chainId, [...path, randomBytes(32)]);
  expect(tickets.bearerOf(six.ticket, chainId)).toBeUndefined();
});
