import { wrapContext } from '../../../src/client/wrapped-keys.ts';
import {
  addPadding,
  deriveDataKey,
  ephemeralKems,
  hpkeSeal,
  type KemPublicKey,
  readKeyIdOf,
  sealOnce,
  suiteMldsa65Ed25519,
} from '../../../src/crypto/index.ts';
import { childPrimaryKey, primaryKeyFromName } from '../../../src/event/index.ts';
import { badReplays } from './bad-replays.ts';
import { fixedBytes, fixedKey } from './fixed.ts';
import { FixedChain, FixedWriter, fixedEvent, fixedRules } from './fixed-chain.ts';
import { alice, anyOf, goodCase, grown, root, ruled, server } from './replayed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const reader = fixedKey('reader of replays', { signsOnly: false });
const note = primaryKeyFromName('note');

/** Whole histories as a server sends them. */
export async function replayVectors(): Promise<VectorFile> {
  return {
    name: 'replays',
    about:
      'Histories from their first batch on, as a reader is sent them: `slices` of the log, each whole batches with their commits. `good` ones verify: in the end the tree has `size` and `root`, and `nextSequence` comes next; `vouchedBy` says for each batch who vouches for it. Where data is sealed, `opened` has what the key of those seeds opens, and `readKeyId` is named by the rule for reading in the end. `bad` ones do not verify (VERIFICATION_FAILED): something is wrong with commit `commit`, or, where that is absent, with the form of a slice.',
    madeFrom: 'src/trust/replay-verifier.ts',
    lists: { good: await good(), bad: await badReplays() },
  };
}

async function good(): Promise<VectorCase[]> {
  const small = fixedKey('a root of the other suite', { suite: suiteMldsa65Ed25519 });
  return [
    await goodCase('a genesis alone', new FixedChain({ roots: [root] })),
    await goodCase('with keys of the other suite', grown({ roots: [small] }, 1)),
    await goodCase('distributed, with rules, several keys and conditions', distributed()),
    await goodCase('centralized, where the server vouches for some', centralized()),
    await goodCase('centralized and private', admitting()),
    await sealedCase(),
  ];
}

function distributed(): FixedChain {
  const chain = grown({ roots: [root] }, 1);
  const { writer } = chain;
  const others = new FixedWriter(chain.chainId, alice);
  const [first] = chain.heads;
  chain.accept(
    writer.batch([
      fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(alice) }) }),
      fixedRules('let alice add', ruled({ add: anyOf(alice) })),
    ]),
  );
  chain.accept(
    others.batch([fixedEvent('note 2', { primaryKey: note })], {
      asOf: first,
      shown: [alice.publicKey],
      preconditions: [
        { kind: 'key_unchanged', primaryKey: note, sinceSequence: chain.nextSequence },
        { kind: 'lands_before', sequence: 100 },
      ],
    }),
  );
  const label = primaryKeyFromName('label');
  chain.accept(
    others.batch([
      fixedEvent('child', {
        primaryKey: childPrimaryKey(note, label),
        parent: note,
        authority: { label },
      }),
      fixedEvent('at the root', {
        primaryKey: childPrimaryKey(undefined, label),
        authority: { label },
      }),
    ]),
  );
  chain.accept(
    writer.batch(
      [fixedEvent('of both', { authority: { signWith: [alice.publicKey.fingerprint] } })],
      { asOf: chain.head, signers: [root, alice] },
    ),
  );
  const second = new FixedWriter(chain.chainId, root, 'root again');
  chain.accept(
    second.batch([fixedEvent('second writer')], {
      preconditions: [{ kind: 'chain_unchanged', sinceSequence: chain.nextSequence }],
    }),
  );
  chain.accept(others.batch([fixedEvent('gone', { kind: 'tombstone', primaryKey: note })]));
  chain.accept(
    writer.batch([
      fixedRules('change of a key', {
        kind: 'key_change',
        authority: { keyChange: { fingerprint: alice.publicKey.fingerprint } },
      }),
    ]),
  );
  return chain;
}

function centralized(): FixedChain {
  const chain = new FixedChain({ roots: [root], server, trustMode: 'centralized' });
  const { writer } = chain;
  chain.accept(writer.batch([fixedEvent('unsigned')], { signers: [] }));
  chain.accept(writer.batch([fixedEvent('signed')]));
  chain.accept(writer.batch([fixedRules('everyone', ruled({ write: { kind: 'everyone' } }))]));
  const stranger = new FixedWriter(chain.chainId, alice);
  chain.accept(stranger.batch([fixedEvent('hello')], { shown: [alice.publicKey] }));
  chain.accept(stranger.batch([fixedEvent('hello again')], { signers: [] }));
  return chain;
}

function admitting(): FixedChain {
  const chain = new FixedChain({
    roots: [root],
    server,
    trustMode: 'centralized',
    isPrivate: true,
  });
  const admit = [alice.publicKey.fingerprint];
  chain.accept(chain.writer.batch([fixedRules('let in', ruled({ admit }))]));
  chain.accept(chain.writer.batch([fixedEvent('secret')], { signers: [] }));
  return chain;
}

async function sealedCase(): Promise<VectorCase> {
  const chain = new FixedChain({ roots: [root], isConfidential: true });
  const { chainId, writer } = chain;
  const readKey = fixedBytes('a read key of replays', 32);
  const readKeyId = readKeyIdOf(readKey);
  const { publicKey, kemSeed, seed } = reader;
  const { fingerprint: recipient, kem } = publicKey;
  const coins = { mlkem: fixedBytes('coins', 32), curve: fixedBytes('curve', 32) };
  const context = wrapContext(chainId, readKeyId, recipient);
  const { bytes } = kem as KemPublicKey;
  const wrapped = hpkeSeal(ephemeralKems.mlkem768X25519, bytes, context, readKey, coins);
  chain.accept(
    writer.batch([
      fixedRules('share', {
        authority: {
          authorisation: { read: { kind: 'read_key', readKeyId } },
          publicKeys: [publicKey],
          wrappedKeys: [{ readKeyId, recipient, wrapped }],
        },
      }),
    ]),
  );
  const texts = ['the plan', 'and another'];
  chain.accept(
    writer.batch(
      texts.map((text) => {
        const random = fixedBytes(`random of ${text}`, 32);
        const data = deriveDataKey(readKey, random, Buffer.concat([chainId, readKeyId]));
        const confidentiality = { readKeyId, random, commitment: data.commitment };
        const padded = addPadding(Buffer.from(text), 'padme');
        const seal = (_: Buffer, header: Buffer) =>
          sealOnce(data.key, Buffer.concat([chainId, header]), padded);
        return fixedEvent(text, { sealing: { confidentiality, seal } });
      }),
    ),
  );
  chain.accept(writer.batch([fixedEvent('in clear', ruled({ read: { kind: 'everyone' } }))]));
  const opened = texts.map((text, index) => ({ sequence: 2 + index, data: Buffer.from(text) }));
  return {
    ...(await goodCase('confidential', chain)),
    seed,
    suite: reader.suite,
    kemSeed,
    readKeyId,
    opened,
  };
}
