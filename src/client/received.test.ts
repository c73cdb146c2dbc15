import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  AppendResponseSchema,
  OpenChainResponseSchema,
  ReadEventsResponseSchema,
  SubscribeResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { LogSegmentSchema } from '../../gen/atedb/v1/log_pb.js';
import { KeyPair } from '../crypto/index.ts';
import {
  parseAppendAnswer,
  parseOpenAnswer,
  parseReadMessage,
  parseSubscribeMessage,
} from './received.ts';

const hash = (byte: number) => Buffer.alloc(32, byte);
const head = { size: 300n, root: hash(1) };
const readHead = { size: 300, root: hash(1) };
const segment = { events: [{ header: hash(2) }] };
const slice = Buffer.from(toBinary(LogSegmentSchema, create(LogSegmentSchema, segment)));

function bytesOf<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, init)));
}

test('answers of the generated stubs are read as they were meant', () => {
  const { publicKey } = KeyPair.generate();
  const serverIdentity = publicKey.toFields();
  expect(
    parseOpenAnswer(bytesOf(OpenChainResponseSchema, { serverIdentity, trustMode: 2 })),
  ).toEqual({
    serverIdentity: publicKey,
    identityRotations: [],
    trustMode: 'distributed',
    chain: undefined,
    writer: undefined,
  });
  const open = parseOpenAnswer(
    bytesOf(OpenChainResponseSchema, {
      serverIdentity,
      identityRotations: [{ header: hash(6) }, { header: hash(7) }],
      trustMode: 1,
      genesis: segment,
      head,
      nextSequence: 7n,
      consistency: [hash(3), hash(4)],
      writer: { nextCounter: 2n, lastSeal: { header: hash(5) } },
    }),
  );
  expect(open).toMatchObject({
    identityRotations: [hash(6), hash(7)].map((header) =>
      Buffer.concat([Buffer.of(10, 32), header]),
    ),
    trustMode: 'centralized',
    chain: {
      genesisSlice: slice,
      head: readHead,
      nextSequence: 7,
      consistency: [hash(3), hash(4)],
    },
    writer: { nextCounter: 2, lastSeal: Buffer.concat([Buffer.of(0x0a, 32), hash(5)]) },
  });

  const start = {
    chainId: hash(6),
    head,
    startCommit: 3n,
    startSequence: 9n,
    frontier: [hash(7), hash(8)],
    consistency: [hash(9)],
  };
  const startMessage = { message: { case: 'start', value: start } } as const;
  const readStart = {
    kind: 'start',
    start: { ...start, head: readHead, startCommit: 3, startSequence: 9 },
  };
  expect(parseSubscribeMessage(bytesOf(SubscribeResponseSchema, startMessage))).toEqual(readStart);
  expect(parseReadMessage(bytesOf(ReadEventsResponseSchema, startMessage))).toEqual(readStart);

  const log = { message: { case: 'log', value: segment } } as const;
  expect(parseSubscribeMessage(bytesOf(SubscribeResponseSchema, log))).toEqual({
    kind: 'log',
    slice,
  });
  expect(
    parseReadMessage(bytesOf(ReadEventsResponseSchema, { ...log, frontier: [hash(1)] })),
  ).toEqual({ kind: 'log', slice, frontier: [hash(1)] });
  const end = { endCommit: 4n, consistency: [hash(2)] };
  const endMessage = { message: { case: 'end', value: end } } as const;
  expect(parseReadMessage(bytesOf(ReadEventsResponseSchema, endMessage))).toEqual({
    kind: 'end',
    endCommit: 4,
    consistency: [hash(2)],
  });

  const names = {
    caughtUp: 'caught-up',
    fellBehind: 'fell-behind',
    heartbeat: 'heartbeat',
  } as const;
  for (const [name, kind] of Object.entries(names)) {
    const message = { case: name as keyof typeof names, value: { head, nextSequence: 8n } };
    expect(parseSubscribeMessage(bytesOf(SubscribeResponseSchema, { message }))).toEqual({
      kind,
      head: readHead,
      nextSequence: 8,
    });
  }

  const committed = { case: 'committed', value: { commitHeader: hash(3), head } } as const;
  expect(
    parseAppendAnswer(bytesOf(AppendResponseSchema, { sealHash: hash(2), outcome: committed })),
  ).toEqual({ kind: 'committed', sealHash: hash(2), commitHeader: hash(3), head: readHead });
  const metadata = { a: 'ä', b: '' };
  const rejected = { case: 'rejected', value: { reason: 45, message: 'no', metadata } } as const;
  expect(parseAppendAnswer(bytesOf(AppendResponseSchema, { outcome: rejected }))).toEqual({
    kind: 'rejected',
    sealHash: Buffer.alloc(0),
    reason: 45,
    message: 'no',
    metadata,
  });
});

test('what cannot be read does not verify', () => {
  for (const parse of [
    parseOpenAnswer,
    parseSubscribeMessage,
    parseReadMessage,
    parseAppendAnswer,
  ]) {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.of(0x0a, 200),
      Buffer.of(0x80),
      Buffer.of(0x0a, 0),
    ]) {
      expect(() => parse(bytes)).toThrow(
        expect.objectContaining({ reason: 'VERIFICATION_FAILED' }),
      );
    }
  }
});
