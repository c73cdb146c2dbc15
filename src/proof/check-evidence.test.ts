import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyPair, NoteKeyPair } from '../crypto/index.ts';
import { buildGenesis, chainIdOf, parseChainKey } from '../event/index.ts';
import {
  certifyCheckpointKeys,
  extendIdentityLine,
  type IdentityLine,
  identityLineOf,
  type SignedHead,
  signCheckpoint,
} from '../trust/index.ts';
import { checkEvidence } from './check-evidence.ts';
import { type Evidence, evidenceText, parseEvidence } from './evidence.ts';

const forSigningOnly = true;
const [identity, stranger] = [
  KeyPair.generate({ forSigningOnly }),
  KeyPair.generate({ forSigningOnly }),
];
const [noteKeys, otherNoteKeys] = [NoteKeyPair.generate(), NoteKeyPair.generate()];
const root = KeyPair.generate();

function genesisOf(server: KeyPair | undefined): Buffer {
  return buildGenesis({
    chainKey: parseChainKey('team/two_faced'),
    trustMode: server === undefined ? 'distributed' : 'centralized',
    roots: [root.publicKey],
    createdUnixMs: 1,
    salt: randomBytes(16),
    serverIdentity: server?.publicKey,
  });
}
const genesisHeader = genesisOf(undefined);
const chainId = chainIdOf(genesisHeader);

interface Signing {
  readonly of?: Buffer;
  readonly by?: KeyPair;
  readonly keys?: NoteKeyPair;
  readonly line?: IdentityLine;
}

/** A head of so many commits, one of several, signed so many seconds after the beginning. */
async function signed(
  size: number,
  fill: number,
  timeUnixS: number,
  { of = chainId, by = identity, keys = noteKeys, line }: Signing = {},
): Promise<SignedHead> {
  const claim = { chainId: of, head: { size, root: Buffer.alloc(32, fill) }, timeUnixS };
  const signer = await certifyCheckpointKeys(keys.publicKeys, by, line);
  return { ...claim, note: await signCheckpoint(claim, keys), signer };
}

function written(
  rememberedCheckpoint: SignedHead | undefined,
  servedCheckpoint: SignedHead | undefined,
  more: Partial<Evidence> = {},
): string {
  return evidenceText({
    time: new Date('2026-01-31T12:00:00Z'),
    server: 'localhost:5000',
    chainKey: 'team/two_faced',
    why: 'a test',
    genesisHeader,
    rememberedHead: { size: 9, root: Buffer.alloc(32) },
    servedHead: undefined,
    consistency: [],
    rememberedCheckpoint,
    servedCheckpoint,
    ...more,
  });
}

function rotated(from: KeyPair, to: KeyPair): Promise<IdentityLine> {
  return extendIdentityLine(identityLineOf(from.publicKey), { old: from, new: to }, 1);
}

const check = async (text: string) => checkEvidence(parseEvidence(text));

describe('evidence proves', () => {
  test('two histories: two trees of one size', async () => {
    const proven = await check(written(await signed(5, 1, 100), await signed(5, 2, 90)));
    expect(proven).toMatchObject({ kind: 'two_histories', chainId, isOfGenesis: false });
    expect(proven.identity.fingerprint).toEqual(identity.publicKey.fingerprint);
    expect(proven.genesis?.chainKey.text).toBe('team/two_faced');
    // In the order in which the server says that it signed them.
    expect(proven.heads.map(({ timeUnixS }) => timeUnixS)).toEqual([90, 100]);
  });

  test('a rollback: less that was signed later, whichever was remembered', async () => {
    const [more, less] = [await signed(5, 1, 100), await signed(4, 1, 101)];
    expect(await check(written(more, less))).toMatchObject({ kind: 'rollback' });
    expect(await check(written(less, more))).toMatchObject({ kind: 'rollback' });
  });

  test('the same of a server that has other keys for checkpoints since', async () => {
    const other = await signed(5, 2, 100, { keys: otherNoteKeys });
    expect(await check(written(await signed(5, 1, 100), other))).toMatchObject({
      kind: 'two_histories',
    });
  });

  test('the same of a server whose identity was rotated since, which its genesis names', async () => {
    const line = await rotated(identity, stranger);
    const named = genesisOf(identity);
    const of = chainIdOf(named);
    const before = await signed(5, 1, 1, { of });
    const after = await signed(5, 2, 2, { of, by: stranger, line, keys: otherNoteKeys });
    for (const both of [
      [before, after],
      [after, before],
    ] as const) {
      const proven = await check(written(...both, { genesisHeader: named }));
      expect(proven).toMatchObject({ kind: 'two_histories', isOfGenesis: true });
      expect(proven.identity.fingerprintHex).toBe(stranger.publicKey.fingerprintHex);
    }
  });

  test('by which server, where the genesis names it; and without a genesis', async () => {
    const named = genesisOf(identity);
    const of = chainIdOf(named);
    const both = [await signed(5, 1, 1, { of }), await signed(5, 2, 1, { of })] as const;
    const text = written(...both, { genesisHeader: named });
    expect(await check(text)).toMatchObject({ isOfGenesis: true });
    const without = await check(written(...both, { genesisHeader: undefined }));
    expect(without).toMatchObject({ isOfGenesis: false, genesis: undefined });
  });

  test('whatever nonsense the server has sent as its proof', async () => {
    const both = [await signed(5, 1, 1), await signed(5, 2, 1)] as const;
    const consistency = Array.from({ length: 1_000 }, () => Buffer.alloc(3));
    await check(written(...both, { consistency, servedHead: { size: 1, root: Buffer.alloc(1) } }));
  });
});

describe('evidence proves nothing', () => {
  const cases: Record<string, readonly [why: RegExp, make: () => Promise<string>]> = {
    'of one head': [
      /both of its checkpoints are of the same head: that is one history/,
      async () => written(await signed(5, 1, 1), await signed(5, 1, 2)),
    ],
    'of a chain that has grown': [
      /can be of one history: of 4 commits first, of 5 then/,
      async () => written(await signed(4, 1, 1), await signed(5, 2, 2)),
    ],
    'of less in the same second': [
      /can be of one history: of 4 commits first, of 5 then/,
      async () => written(await signed(5, 1, 2), await signed(4, 2, 2)),
    ],
    'with one signature': [
      /it holds one checkpoint/,
      async () => written(await signed(5, 1, 1), undefined),
    ],
    'with none': [/it holds no checkpoint/, async () => written(undefined, undefined)],
    'of two chains': [
      /its checkpoints are of two chains/,
      async () => written(await signed(5, 1, 1), await signed(5, 2, 1, { of: randomBytes(32) })),
    ],
    'by two servers': [
      /its checkpoints are signed by two servers/,
      async () => written(await signed(5, 1, 1), await signed(5, 2, 1, { by: stranger })),
    ],
    'with the genesis of another chain': [
      /its genesis is of another chain/,
      async () =>
        written(await signed(5, 1, 1), await signed(5, 2, 1), {
          genesisHeader: genesisOf(undefined),
        }),
    ],
    'with what is no genesis': [
      /the genesis: /,
      async () =>
        written(await signed(5, 1, 1), await signed(5, 2, 1), { genesisHeader: Buffer.of(1) }),
    ],
    'by another server than the genesis names': [
      /by another server than the genesis names/,
      async () => {
        const named = genesisOf(stranger);
        const of = chainIdOf(named);
        const both = [await signed(5, 1, 1, { of }), await signed(5, 2, 1, { of })] as const;
        return written(...both, { genesisHeader: named });
      },
    ],
    'whose keys another identity vouches for': [
      /the served checkpoint: the checkpoint keys are not signed by the server's identity/,
      async () => {
        const forged = await signed(5, 2, 1, { by: stranger, keys: otherNoteKeys });
        const signer = { ...forged.signer, identity: identity.publicKey };
        return written(await signed(5, 1, 1), { ...forged, signer });
      },
    ],
    'signed by keys that nobody vouches for': [
      /the served checkpoint: the checkpoint is not signed by the server/,
      async () => {
        const forged = await signed(5, 2, 1, { keys: otherNoteKeys });
        const { signer } = await signed(5, 1, 1);
        return written(await signed(5, 1, 1), { ...forged, signer });
      },
    ],
  };

  test.each(Object.entries(cases))('%s', async (_name, [why, make]) => {
    await expect(check(await make())).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(why),
    });
  });

  test('where anything that was signed is altered', async () => {
    const text = written(await signed(5, 1, 1), await signed(5, 2, 1));
    const fields = JSON.parse(text);
    const flipped = (base64: string, at: number) => {
      const bytes = Buffer.from(base64, 'base64');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64');
    };
    for (const side of ['rememberedCheckpoint', 'servedCheckpoint']) {
      const { note, keys, identity: key, identitySuite } = fields[side];
      const changes = [
        { note: note.replace('\n5\n', '\n6\n') },
        { note: note.replace(/^(.*\n.*\n)./, '$1B') },
        { note: note.slice(0, -20) },
        { note: '' },
        ...[10, 700, 1_400, 3_000].map((at) => ({ keys: flipped(keys, at) })),
        { keys: '' },
        { identity: flipped(key, 0) },
        { identity: flipped(key, 1_960) },
        { identitySuite: identitySuite + 1 },
        { identitySuite: '1' },
      ];
      for (const change of changes) {
        const altered = { ...fields, [side]: { ...fields[side], ...change } };
        await expect(check(JSON.stringify(altered)), JSON.stringify(change)).rejects.toMatchObject({
          reason: 'VERIFICATION_FAILED',
        });
      }
    }
  });

  test.each([
    ['', /it is not JSON/],
    ['[]', /it is not a JSON object/],
    ['{}', /format is missing/],
    ['{"format":"atedb-proof-1"}', /its format is "atedb-proof-1"/],
    ['{"format":"atedb-evidence-1"}', /time is missing/],
    ['{"format":"atedb-evidence-1","format":"atedb-evidence-1"}', /a field is there twice/],
  ])('in a file that is %j', async (text, why) => {
    await expect(check(text)).rejects.toThrow(why);
  });

  test('in a file with a field that nobody knows, or too large', async () => {
    const fields = JSON.parse(written(await signed(5, 1, 1), await signed(5, 2, 1)));
    await expect(check(JSON.stringify({ ...fields, more: 1 }))).rejects.toThrow(
      /"more" is no field/,
    );
    await expect(check(' '.repeat(16 * 1024 * 1024 + 1))).rejects.toThrow(
      /it is 16777217 characters/,
    );
  });
});
