import { create, toBinary } from '@bufbuild/protobuf';
import { CallOpenSchema, CallStatusSchema } from '../../gen/atedb/v1/wire_pb.js';
import type { CallInputs, FrameInputs, WireInputs } from './independent-wire.ts';

/** Inputs of the vectors of the tunnel: bytes that can be told apart, and are the same each time. */
export interface WireCase {
  readonly name: string;
  readonly inputs: WireInputs;
  readonly calls: readonly CallInputs[];
}

const small = 0x647a;
const large = 0x0051;

/** Bytes that count up from one. */
const counting = (length: number, first: number) =>
  Buffer.from(Array.from({ length }, (_, at) => (first + at) & 0xff));

const shares = (...kems: number[]) =>
  kems.map((kem) => ({ kem, seed: counting(32, kem === large ? 0x30 : 0x10) }));

const open = Buffer.from(
  toBinary(
    CallOpenSchema,
    create(CallOpenSchema, {
      method: '/atedb.v1.ChainService/OpenChain',
      metadata: [{ name: 'atedb-ticket-bin', value: counting(8, 1) }],
      timeoutMs: 30_000n,
    }),
  ),
);
const status = Buffer.from(
  toBinary(
    CallStatusSchema,
    create(CallStatusSchema, { code: 5, message: 'there is no such chain' }),
  ),
);

const client = (index: number, type: number, payload: Buffer): FrameInputs => ({
  ...{ sender: 'client', index, type, payload },
});
const server = (index: number, type: number, payload: Buffer): FrameInputs => ({
  ...{ sender: 'server', index, type, payload },
});
const nothing = Buffer.alloc(0);
const randoms = (first: number) => ({
  clientRandom: counting(16, first - 0x80),
  serverRandom: counting(16, first),
});

const common = {
  clientRandom: counting(32, 0x80),
  identitySeed: counting(64, 0x40),
  sessionId: counting(16, 0xa0),
  secret: counting(32, 0xc0),
  rotations: [],
  lifetimeMs: 86_400_000,
  idleMs: 3_600_000,
  bytesMax: 2 ** 40,
};

export const wireCases: readonly WireCase[] = [
  {
    name: 'keys of 128 bits; the client offers more',
    inputs: {
      ...common,
      ...{ clientKeyBits: 128, serverKeyBits: 128, seeds: shares(large, small) },
      encapsulation: counting(64, 0x21),
    },
    calls: [
      {
        ...{ call: 0, ...randoms(0xe0) },
        frames: [
          client(0, 1, open),
          client(1, 2, counting(20, 0)),
          client(2, 3, nothing),
          server(0, 2, counting(300, 0)),
          server(1, 4, status),
        ],
      },
      {
        // The key changes with the frames 1,024 and 2,048.
        ...{ call: 300, ...randoms(0xf0) },
        frames: [
          client(0, 1, open),
          client(1_023, 2, counting(3, 0)),
          client(1_024, 2, counting(3, 3)),
          client(2_048, 2, counting(3, 6)),
          server(0, 5, nothing),
          server(1_024, 2, nothing),
        ],
      },
    ],
  },
  {
    name: 'keys of 192 bits, since the client insists; the identity key was rotated',
    inputs: {
      ...common,
      ...{ clientKeyBits: 192, serverKeyBits: 128, seeds: shares(small) },
      encapsulation: counting(64, 0x22),
      rotations: [Buffer.from('the first statement'), Buffer.from('the second')],
    },
    calls: [
      {
        ...{ call: 2 ** 40, ...randoms(0xe1) },
        frames: [client(0, 1, open), server(0, 4, status)],
      },
    ],
  },
  {
    name: 'keys of 256 bits, since the server insists',
    inputs: {
      ...common,
      ...{ clientKeyBits: 128, serverKeyBits: 256, seeds: shares(large, small) },
      encapsulation: counting(80, 0x23),
    },
    calls: [
      {
        ...{ call: 1, ...randoms(0xe2) },
        frames: [client(0, 1, open), client(1, 2, counting(20, 0)), server(0, 4, status)],
      },
    ],
  },
];
