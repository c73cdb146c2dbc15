import { FieldWriter, frame } from '../../../src/bytes/index.ts';
import { suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import {
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  childPrimaryKey,
  type GenesisInput,
  parseBatch,
  parseChainKey,
  primaryKeyFromName,
  publicKeyBytes,
  sealBatch,
  splitSlice,
} from '../../../src/event/index.ts';
import { checkBatch } from '../../../src/trust/index.ts';
import { type FixedKey, fixedBytes, fixedKey, flipped } from './fixed.ts';
import { FixedChain, FixedWriter, fixedEvent, fixedRules, signedRun } from './fixed-chain.ts';
import { reasonOf } from './keys.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const alice = fixedKey('alice of batches');
const bob = fixedKey('bob of batches');
const server = fixedKey('server of batches', { suite: suiteMldsa65Ed25519 });
const chain = new FixedChain({ roots: [alice] });

/** Runs, each by itself: what is wrong with one that can be said without its chain. */
export function batchVectors(): VectorFile {
  return {
    name: 'batches',
    about:
      'Runs (events, then a seal), looked at by themselves: their form, counts, ids, hashes, and whether those keys signed that had to; not whether signatures verify, nor what the chain says. `good` ones are good, with the `chainId` and number of `events`; `bad` ones are refused with `reason`. A genesis is judged as the first batch of a chain.',
    madeFrom: 'src/event/batch.ts and src/trust/check-batch.ts',
    lists: { good: good(), bad: bad() },
  };
}

/** As every reader judges it. */
function judge(run: Buffer): void {
  checkBatch(parseBatch(run));
}

/** A writer that has written nothing. */
const writerOf = (key: FixedKey = alice) => new FixedWriter(chain.chainId, key);
const run = (...args: Parameters<FixedWriter['make']>) => writerOf().make(...args).run;

function good(): VectorCase[] {
  const label = primaryKeyFromName('a label');
  const cases: readonly (readonly [string, Buffer])[] = [
    ['a genesis', splitSlice(chain.stored[0] as Buffer)[0]?.run as Buffer],
    ['one event', run([fixedEvent('one')])],
    ['three events', run(['one', 'two', 'three'].map((name) => fixedEvent(name)))],
    ['without a signature', run([fixedEvent('one')], { signers: [] })],
    ['a tombstone', run([fixedEvent('gone', { kind: 'tombstone' })])],
    ['its seal shows its key', run([fixedEvent('one')], { shown: [alice.publicKey] })],
    [
      'two keys',
      run([fixedEvent('one', { authority: { signWith: [bob.publicKey.fingerprint] } })], {
        signers: [alice, bob],
      }),
    ],
    [
      'an author',
      run([fixedEvent('one', { authority: { author: bob.publicKey.fingerprint } })], {
        signers: [alice, bob],
      }),
    ],
    [
      'a label',
      run([
        fixedEvent('child', {
          primaryKey: childPrimaryKey(undefined, label),
          authority: { label },
        }),
      ]),
    ],
  ];
  return cases.map(([what, bytes]) => {
    judge(bytes);
    const { seal, count } = parseBatch(bytes);
    return { what, run: bytes, chainId: seal.chainId, events: count };
  });
}

function bad(): VectorCase[] {
  return [...badRuns(), ...badSaid(), ...badGeneses()].map(([why, bytes]) => ({
    ...{ why, run: bytes },
    reason: reasonOf(() => judge(bytes)),
  }));
}

type Made = readonly [why: string, run: Buffer];

function badRuns(): Made[] {
  const one = fixedEvent('one');
  const two = fixedEvent('two');
  const right = run([one]);
  const sealAt = one.frame.length;
  const seal = right.subarray(sealAt);
  const both = writerOf().make([one, two]);
  const header = (options: Parameters<typeof sealBatch>[0]) => sealBatch(options).header;
  const writer = {
    chainId: chain.chainId,
    fingerprint: alice.publicKey.fingerprint,
    salt: writerOf().salt,
  };
  const sealedOtherwise = (events: readonly Buffer[]) =>
    header({ writer, counter: 0, eventHeaders: events });
  const withWriterId = (() => {
    const bytes = sealedOtherwise([one.header]);
    return flipped(bytes, 5 + 34 + 2 + 3);
  })();
  return [
    ['it is empty', Buffer.alloc(0)],
    ['no seal', one.frame],
    ['no events', seal],
    ['the seal comes first', Buffer.concat([seal, one.frame])],
    ['two seals', Buffer.concat([right, seal])],
    ['something between', Buffer.concat([one.frame, frame(5, Buffer.of(8, 1)), seal])],
    [
      'an event is missing',
      Buffer.concat([one.frame, both.run.subarray(one.frame.length + two.frame.length)]),
    ],
    [
      'events in another order',
      Buffer.concat([two.frame, one.frame, both.run.subarray(one.frame.length + two.frame.length)]),
    ],
    ['an event in the place of another', Buffer.concat([two.frame, seal])],
    ['data was changed', flipped(right, right.indexOf('one'))],
    ['a salt was changed', flipped(right, sealAt - 1)],
    ['a magic was changed', flipped(right, 7)],
    ['a primary key was changed', flipped(right, right.indexOf(fixedBytes('object of one', 16)))],
    ['a writer id that is no hash of its parts', signedRun([one.frame], withWriterId, [alice])],
    ['a counter without a seal before', run([one], { counter: 1 })],
    ['a seal before without a counter', run([one], { previous: fixedBytes('a seal', 32) })],
    ['a head without a root', signedRun([one.frame], headWithoutRoot(), [alice])],
    ['signed by another key', run([one], { signers: [bob] })],
    ['signed by one more', run([one], { signers: [alice, bob] })],
    [
      'not signed by one that it names',
      run([fixedEvent('one', { authority: { signWith: [bob.publicKey.fingerprint] } })]),
    ],
    [
      'not signed by its author',
      run([fixedEvent('one', { authority: { author: bob.publicKey.fingerprint } })]),
    ],
    ['its seal shows a key of nobody who signs', run([one], { shown: [bob.publicKey] })],
    ['its seal shows a key twice', run([one], { shown: [alice.publicKey, alice.publicKey] })],
    [
      'its writer is named besides',
      run([fixedEvent('one', { authority: { signWith: [alice.publicKey.fingerprint] } })]),
    ],
    ['two signatures in another order', swappedSignatures()],
  ];
}

function headWithoutRoot(): Buffer {
  const writer = {
    chainId: chain.chainId,
    fingerprint: alice.publicKey.fingerprint,
    salt: writerOf().salt,
  };
  const one = fixedEvent('one');
  const { header } = sealBatch({ writer, counter: 0, eventHeaders: [one.header] });
  return Buffer.concat([header, new FieldWriter().varint(10, 3).finish()]);
}

function swappedSignatures(): Buffer {
  const event = fixedEvent('one', { authority: { signWith: [bob.publicKey.fingerprint] } });
  const { run: right } = writerOf().make([event], { signers: [alice, bob] });
  const view = parseBatch(right).seal;
  const seal = new FieldWriter().bytes(1, view.headerBytes);
  for (const { suite, fingerprint, signature } of [...view.signatures].reverse()) {
    seal.message(
      2,
      new FieldWriter().varint(1, suite).bytes(2, fingerprint).bytes(3, signature).finish(),
    );
  }
  return Buffer.concat([event.frame, frame(2, seal.finish())]);
}

/** Events that say what their kind may not. */
function badSaid(): Made[] {
  const label = primaryKeyFromName('a label');
  const authorisation = { write: { kind: 'everyone' } } as const;
  const of = (why: string, ...events: ReturnType<typeof fixedEvent>[]): Made => [why, run(events)];
  const bare = (fields: FieldWriter) => {
    const header = fields.finish();
    const event = frame(
      1,
      new FieldWriter().bytes(1, header).bytes(3, fixedBytes('salt', 16)).finish(),
    );
    return { header, frame: event };
  };
  const ofKind = (kind: number) =>
    new FieldWriter().fixed32(1, 0x01564541).varint(2, kind).bytes(3, label);
  return [
    of('rules that say nothing', fixedEvent('one', { kind: 'rules', primaryKey: undefined })),
    of(
      'data without a primary key',
      bare(new FieldWriter().fixed32(1, 0x01564541).varint(2, 2).bytes(30, fixedBytes('hash', 32))),
    ),
    of('a tombstone with data', fixedEvent('one', { kind: 'tombstone', data: Buffer.from('x') })),
    of(
      'rules with data',
      fixedRules('one', { authority: { authorisation }, data: Buffer.from('x') }),
    ),
    of(
      'a tombstone with rules',
      fixedEvent('one', { kind: 'tombstone', authority: { authorisation } }),
    ),
    of('a tombstone with a parent', fixedEvent('one', { kind: 'tombstone', parent: label })),
    of('a change of roots without roots', fixedRules('one', { kind: 'roots' })),
    of('roots in data', fixedEvent('one', { authority: { roots: [alice.publicKey] } })),
    of('a change of a key without a key', fixedRules('one', { kind: 'key_change' })),
    of(
      'a change of roots of an object',
      fixedEvent('one', { kind: 'roots', authority: { roots: [alice.publicKey] } }),
    ),
    of(
      'who may open the chain, of an object',
      fixedEvent('one', { kind: 'rules', authority: { authorisation: { admit: [] } } }),
    ),
    of('a label that the key is not made from', fixedEvent('one', { authority: { label } })),
    of('a genesis among others', buildGenesisEvent(chain.genesisHeader), fixedEvent('one')),
    of('a header without a hash', bare(ofKind(2))),
    of(
      'rules that are not sorted',
      fixedEvent('one', {
        authority: {
          authorisation: {
            write: {
              kind: 'any_of',
              fingerprints: [alice, bob]
                .map((key) => key.publicKey.fingerprint)
                .sort(Buffer.compare)
                .reverse(),
            },
          },
        },
      }),
    ),
    of(
      'a key that is none',
      bare(
        ofKind(2)
          .message(
            8,
            new FieldWriter().varint(1, 2).bytes(2, alice.publicKey.bytes.subarray(1)).finish(),
          )
          .bytes(30, fixedBytes('hash', 32)),
      ),
    ),
  ];
}

function badGeneses(): Made[] {
  const common: GenesisInput = {
    chainKey: parseChainKey('example.com/me/mydb'),
    trustMode: 'distributed',
    roots: [alice.publicKey],
    createdUnixMs: 1_700_000_000_000,
    salt: fixedBytes('salt of a genesis', 16),
  };
  const of = (why: string, header: Buffer, signers: readonly FixedKey[] = [alice]): Made => {
    const writer = new FixedWriter(chainIdOf(header), alice);
    return [why, writer.make([buildGenesisEvent(header)], { signers }).run];
  };
  const pin = 'a'.repeat(51).concat('q');
  const header = buildGenesis(common);
  const event = buildGenesisEvent(header);
  const sorted = [alice, bob].sort((a, b) =>
    Buffer.compare(a.publicKey.fingerprint, b.publicKey.fingerprint),
  );
  const genesisOf = (roots: readonly FixedKey[], chainKey = 'example.com/me/mydb') => {
    const inner = new FieldWriter().string(1, chainKey).varint(2, 2);
    for (const root of roots) inner.message(3, publicKeyBytes(root.publicKey));
    inner.varint(4, 1_700_000_000_000).bytes(5, fixedBytes('salt of a genesis', 16));
    return new FieldWriter()
      .fixed32(1, 0x01564541)
      .varint(2, 1)
      .message(15, inner.finish())
      .finish();
  };
  return [
    of('centralized, without a server', buildGenesis({ ...common, trustMode: 'centralized' })),
    of('distributed, with a server', buildGenesis({ ...common, serverIdentity: server.publicKey })),
    of('a chain key that is none', genesisOf([alice], 'Example.com/me/mydb')),
    of('roots that are not sorted', genesisOf([...sorted].reverse()), sorted),
    of('a root twice', genesisOf([alice, alice]), [alice]),
    of(
      'roots that its chain key does not name',
      buildGenesis({ ...common, chainKey: parseChainKey(`team/db@${pin}`) }),
    ),
    of(
      'a field beside the genesis',
      Buffer.concat([header, new FieldWriter().bytes(30, fixedBytes('hash', 32)).finish()]),
    ),
    of('no genesis in it', header.subarray(0, 7)),
    of('signed by nobody', header, []),
    of('signed by one more', header, [alice, bob]),
    of(
      'not signed by each root',
      buildGenesis({ ...common, roots: [alice.publicKey, bob.publicKey] }),
    ),
    [
      'by a writer that is no root',
      new FixedWriter(chainIdOf(header), bob).make([event], { signers: [alice] }).run,
    ],
    ['sealed for another chain', writerOf().make([event]).run],
    [
      'a counter',
      new FixedWriter(chainIdOf(header), alice).make([event], {
        counter: 1,
        previous: fixedBytes('a seal', 32),
      }).run,
    ],
    [
      'a condition',
      new FixedWriter(chainIdOf(header), alice).make([event], {
        preconditions: [{ kind: 'lands_before', sequence: 9 }],
      }).run,
    ],
    [
      'its seal shows a key',
      new FixedWriter(chainIdOf(header), alice).make([event], { shown: [alice.publicKey] }).run,
    ],
    ['two of them', new FixedWriter(chainIdOf(header), alice).make([event, event]).run],
  ];
}
