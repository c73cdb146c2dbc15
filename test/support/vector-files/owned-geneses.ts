import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  EventHeaderSchema,
  type Genesis as GenesisMessage,
  PublicKeySchema,
  TrustMode,
} from '../../../gen/atedb/v1/event_pb.js';
import { AtedbError } from '../../../src/bytes/index.ts';
import {
  type BuiltEvent,
  buildGenesisEvent,
  chainIdOf,
  parseBatch,
  parseOwner,
} from '../../../src/event/index.ts';
import { checkBatch, verifyGenesis } from '../../../src/trust/index.ts';
import { type FixedKey, fixedBytes } from './fixed.ts';
import {
  answerEvent,
  answerOf,
  identityEvent,
  people,
  rotationOf,
  startMs,
} from './fixed-answer.ts';
import { FixedChain, type FixedGenesis, FixedWriter, fixedEvent } from './fixed-chain.ts';
import { answers, changedTo, ownedGenesis, team } from './owned-chain.ts';
import { ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { server, service, nextService, otherService, mine, second, guest, stranger } = people;

/** Batches that begin no chain. */
export async function badGeneses(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, run, reason] of geneses()) {
    cases.push(await refused(why, run, reason, () => verifyGenesis(run)));
  }
  return cases;
}

/** Batches of servers that are wrong by themselves, whatever chain they are for. */
export async function badServerBatches(): Promise<VectorCase[]> {
  const { chainId } = new FixedChain(ownedGenesis());
  const writer = new FixedWriter(chainId, server);
  const cases: VectorCase[] = [];
  for (const [why, events, reason] of serverBatches()) {
    const { run } = writer.make(events);
    cases.push(await refused(why, run, reason, async () => checkBatch(parseBatch(run))));
  }
  return cases;
}

async function refused(
  why: string,
  run: Buffer,
  reason: string,
  check: () => Promise<unknown>,
): Promise<VectorCase> {
  const error = await check().catch((one: unknown) => one);
  if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
  if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
  return { why, run, reason };
}

/** The genesis of an owned chain, signed by some. */
function signedBy(signers: readonly [FixedKey, ...FixedKey[]], genesis: FixedGenesis): Buffer {
  const { genesisHeader } = new FixedChain(genesis);
  return begun(genesisHeader, signers);
}

function begun(header: Buffer, signers: readonly [FixedKey, ...FixedKey[]]): Buffer {
  const writer = new FixedWriter(chainIdOf(header), signers[0]);
  return writer.make([buildGenesisEvent(header)], { signers }).run;
}

/** A genesis with something in it that whoever builds one leaves out. */
function patched(patch: (genesis: GenesisMessage) => void): Buffer {
  const message = fromBinary(EventHeaderSchema, new FixedChain(ownedGenesis()).genesisHeader);
  patch(message.genesis as GenesisMessage);
  return begun(Buffer.from(toBinary(EventHeaderSchema, message)), [server]);
}

function geneses(): (readonly [why: string, run: Buffer, reason: string])[] {
  const invalid = 'GENESIS_INVALID';
  const unsigned = 'SIGNATURE_INVALID';
  const plain = ownedGenesis();
  const key = ({ publicKey }: FixedKey) => create(PublicKeySchema, publicKey.toFields());
  const held = (authAnswer: Buffer) => signedBy([server], { ...plain, authAnswer });
  const rotated = { identity: nextService.publicKey };
  const rotations = [rotationOf(service, nextService)];
  return [
    ['signed by its roots', signedBy([mine], plain), unsigned],
    ['signed by the auth service', signedBy([service], plain), unsigned],
    ['signed by its roots besides', signedBy([server, mine], plain), unsigned],
    [
      'with an answer that somebody else has signed',
      held(answerOf({}, { by: stranger })),
      unsigned,
    ],
    ['with an answer that the server has signed', held(answerOf({}, { by: server })), unsigned],
    [
      'with an answer about another owner',
      held(answerOf({ owner: parseOwner('you@example.com') })),
      invalid,
    ],
    ['with an answer about a group', held(answerOf(team)), invalid],
    [
      'with an answer about an account that was removed',
      held(answerOf({ isRemoved: true })),
      invalid,
    ],
    [
      'with an answer that tells of changes',
      held(answerOf({ changed: [changedTo(guest)] })),
      invalid,
    ],
    [
      'with an answer that has rotations',
      held(answerOf(rotated, { by: nextService, rotations })),
      invalid,
    ],
    [
      'with an answer that is not in the strict form',
      patched((genesis) => {
        genesis.authAnswer = Buffer.concat([Buffer.from(genesis.authAnswer), Buffer.of(0)]);
      }),
      invalid,
    ],
    [
      'with an answer that expires before it is given',
      patched((genesis) => {
        genesis.authAnswer = answerOf({ expiresUnixMs: startMs - 1 });
      }),
      invalid,
    ],
    [
      'with roots besides the answer',
      patched((genesis) => {
        genesis.roots.push(key(mine));
      }),
      invalid,
    ],
    [
      'that names a service, and has no answer',
      patched((genesis) => {
        genesis.authAnswer = new Uint8Array();
      }),
      invalid,
    ],
    [
      'that has an answer, and names no service',
      patched((genesis) => {
        genesis.authIdentity = undefined;
      }),
      invalid,
    ],
    [
      'that names another service than its answer',
      patched((genesis) => {
        genesis.authIdentity = key(otherService);
      }),
      invalid,
    ],
    [
      'of a distributed chain',
      patched((genesis) => {
        genesis.trustMode = TrustMode.DISTRIBUTED;
        genesis.serverIdentity = undefined;
      }),
      invalid,
    ],
    [
      'of a chain of somebody else',
      patched((genesis) => {
        genesis.chainKey = 'example.com/you/vectors';
      }),
      invalid,
    ],
  ];
}

function serverBatches(): (readonly [why: string, events: BuiltEvent[], reason: string])[] {
  const invalid = 'BATCH_INVALID';
  const good = answers({ version: 1 });
  const authAnswer = answerOf({ version: 1 });
  const serverIdentity = rotationOf(service, nextService);
  const withRotations = answerOf(
    { version: 1, identity: nextService.publicKey },
    { by: nextService, rotations: [serverIdentity] },
  );
  const answer = (name: string, more: object, input: object = {}) =>
    fixedEvent(name, {
      kind: 'auth_answer',
      primaryKey: undefined,
      ...input,
      authority: { authAnswer, ...more },
    });
  const to = (key: FixedKey) => rotationOf(service, key, { from: service, to: service });
  return [
    ['an answer with its rotations', [answerEvent('rotations', withRotations)], invalid],
    ['an answer beside data', [good, fixedEvent('x')], invalid],
    ['data beside an answer', [fixedEvent('x'), good], invalid],
    [
      'an answer beside rules',
      [good, fixedEvent('r', ruled({ write: { kind: 'everyone' } }))],
      invalid,
    ],
    [
      'an answer with rules',
      [answer('rules', ruled({ write: { kind: 'everyone' } }).authority)],
      invalid,
    ],
    [
      'an answer of an object',
      [answer('object', {}, { primaryKey: fixedBytes('an object', 16) })],
      invalid,
    ],
    ['an answer that is not there', [answer('none', { authAnswer: undefined })], invalid],
    ['an answer in an event with data', [fixedEvent('x', { authority: { authAnswer } })], invalid],
    [
      'an answer from others besides',
      [answer('sign', { signWith: [mine.publicKey.fingerprint] })],
      invalid,
    ],
    [
      'an answer with an author',
      [answer('author', { author: mine.publicKey.fingerprint })],
      invalid,
    ],
    ['an answer that shows keys', [answer('shows', { publicKeys: [second.publicKey] })], invalid],
    ['an answer and a rotation in one event', [answer('both', { serverIdentity })], invalid],
    [
      'a rotation that is not there',
      [fixedEvent('no rotation', { kind: 'server_identity', primaryKey: undefined })],
      invalid,
    ],
    [
      'an answer in the place of a rotation',
      [
        fixedEvent('instead', {
          kind: 'server_identity',
          primaryKey: undefined,
          authority: { authAnswer },
        }),
      ],
      invalid,
    ],
    ['a rotation from a key to itself', [identityEvent('itself', to(service))], invalid],
    [
      'a rotation that is cut short',
      [identityEvent('cut', serverIdentity.subarray(0, -1))],
      invalid,
    ],
    ['an answer that is cut short', [answerEvent('cut', authAnswer.subarray(0, -1))], invalid],
    [
      'an answer that expires before it is given',
      [answers({ version: 1, expiresUnixMs: 1 })],
      invalid,
    ],
  ];
}
