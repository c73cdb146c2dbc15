import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError } from '../bytes/index.ts';
import { NoteKeyPair } from '../crypto/index.ts';
import {
  type CheckpointClaim,
  checkpointBytesMax,
  checkpointText,
  cosignedMessage,
  encodeCheckpoint,
  parseCheckpoint,
  signatureLinesMax,
  splitCosignature,
  verifierKey,
} from './checkpoint.ts';

const keys = new NoteKeyPair({ ed25519: Buffer.alloc(32, 1), mldsa44: Buffer.alloc(32, 2) });
const chainId = Buffer.alloc(32, 0xab);
const claim: CheckpointClaim = {
  chainId,
  head: { size: 20_852_163, root: Buffer.alloc(32, 7) },
  timeUnixS: 1_700_000_000,
};
const origin = `atedb/${'ab'.repeat(32)}`;
const signatures = { ed25519: Buffer.alloc(64, 3), mldsa44: Buffer.alloc(2420, 4) };
const note = encodeCheckpoint(claim, keys.publicKeys, signatures);
const [text = '', lines = ''] = note.split('\n\n');
const [ed25519Line = '', mldsa44Line = ''] = lines.split('\n');

function refusal(altered: string): string | undefined {
  try {
    parseCheckpoint(altered);
    return undefined;
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    expect(error.reason).toBe('NON_CANONICAL');
    return error.message;
  }
}

test('a checkpoint has the text of tlog-checkpoint, and two signature lines', () => {
  expect(text).toBe(`${origin}\n20852163\n${claim.head.root.toString('base64')}`);
  expect(checkpointText(claim).toString()).toBe(`${text}\n`);
  expect(note.endsWith('\n')).toBe(true);
  const idOf = (type: number, key: Buffer) =>
    createHash('sha256').update(`${origin}\n`).update(Buffer.of(type)).update(key).digest();
  const { ed25519, mldsa44 } = keys.publicKeys;
  const parsed = parseCheckpoint(note);
  expect(parsed.signatures).toEqual([
    { name: origin, keyId: idOf(1, ed25519).subarray(0, 4), signature: signatures.ed25519 },
    {
      name: origin,
      keyId: idOf(6, mldsa44).subarray(0, 4),
      signature: Buffer.concat([Buffer.from('000000006553f100', 'hex'), signatures.mldsa44]),
    },
  ]);
  expect(splitCosignature(parsed.signatures[1]?.signature ?? Buffer.alloc(0))).toEqual({
    timeUnixS: 1_700_000_000,
    signature: signatures.mldsa44,
  });
});

test('the ML-DSA-44 line signs the cosigned message of tlog-cosignature', () => {
  expect(cosignedMessage(claim)).toEqual(
    Buffer.concat([
      Buffer.from('subtree/v1\n\0'),
      Buffer.of(70),
      Buffer.from(origin),
      Buffer.from('000000006553f100', 'hex'),
      Buffer.of(70),
      Buffer.from(origin),
      Buffer.alloc(8),
      Buffer.from('00000000013e2dc3', 'hex'),
      claim.head.root,
    ]),
  );
});

test('a verifier key is that of signed-note', () => {
  const [name, id, key] = verifierKey(chainId, 'ed25519', keys.publicKeys).split('+', 3);
  expect(name).toBe(origin);
  expect(id).toBe(parseCheckpoint(note).signatures[0]?.keyId.toString('hex'));
  expect(key?.startsWith('A')).toBe(true);
});

test('what is built is read again, whatever it says', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(
      bytes(32),
      fc.maxSafeInteger().filter((size) => size > 0),
      bytes(32),
      fc.maxSafeInteger().filter((time) => time > 0),
      bytes(64),
      (id, size, root, timeUnixS, signature) => {
        const head = { size, root: Buffer.from(root) };
        const any = { chainId: Buffer.from(id), head, timeUnixS };
        const ed25519 = Buffer.from(signature);
        const built = encodeCheckpoint(any, keys.publicKeys, { ...signatures, ed25519 });
        const parsed = parseCheckpoint(built);
        expect(parsed.chainId).toEqual(any.chainId);
        expect(parsed.head).toEqual(head);
        const [first, second] = parsed.signatures;
        expect(first?.signature).toEqual(ed25519);
        const cosignature = splitCosignature(second?.signature ?? Buffer.alloc(0));
        expect(cosignature).toEqual({ timeUnixS, signature: signatures.mldsa44 });
      },
    ),
    { numRuns: rounds({ short: 100, long: 2_000 }) },
  );
});

test('no two notes are read as one: what is accepted is what would be built of it', () => {
  const place = fc.nat(note.length - 1);
  const character = fc.constantFrom(...'\n\0 +-/=019aAZ—é\u00a0\r\t\u2028', '');
  fc.assert(
    fc.property(place, character, fc.boolean(), (at, inserted, replaces) => {
      const altered = note.slice(0, at) + inserted + note.slice(at + (replaces ? 1 : 0));
      if (refusal(altered) !== undefined) return;
      const parsed = parseCheckpoint(altered);
      const again = parsed.signatures
        .map(({ name, keyId, signature }) => {
          const value = Buffer.concat([keyId, signature]).toString('base64');
          return `— ${name} ${value}\n`;
        })
        .join('');
      expect(`${checkpointText(parsed)}\n${again}`).toBe(altered);
    }),
    { numRuns: rounds({ short: 1_000, long: 20_000 }) },
  );
});

const textOf = (...parts: string[]) => `${parts.join('\n')}\n\n${lines}`;
const root = claim.head.root.toString('base64');

test.each([
  ['nothing', ''],
  ['no signature', `${text}\n\n`],
  ['no empty line', note.replace('\n\n', '\n')],
  ['no end of the last line', note.slice(0, -1)],
  ['an end too much', `${note}\n`],
  ['an extension line', textOf(origin, '1', root, 'more')],
  ['a line too few', textOf(origin, '1')],
  ['another origin', textOf('example.com/log', '1', root)],
  ['an id in capitals', textOf(origin.toUpperCase(), '1', root)],
  ['an id that is too short', textOf(origin.slice(0, -2), '1', root)],
  ['an empty tree', textOf(origin, '0', root)],
  ['a size with a leading zero', textOf(origin, '01', root)],
  ['a size with a sign', textOf(origin, '+1', root)],
  ['a size that is no whole number', textOf(origin, '1e3', root)],
  ['a size of 2^53', textOf(origin, String(2 ** 53), root)],
  ['a root that is too short', textOf(origin, '1', Buffer.alloc(31).toString('base64'))],
  ['a root without padding', textOf(origin, '1', root.slice(0, -1))],
  ['a root with stray bits', textOf(origin, '1', root.replace(/.=$/, 'd='))],
  ['a root in base64url', textOf(origin, '1', Buffer.alloc(32, 255).toString('base64url'))],
  ['a carriage return', note.replaceAll('\n', '\r\n')],
  ['a tab', note.replace('— ', '—\t')],
  ['a hyphen for the dash', note.replace('—', '-')],
  ['two spaces', note.replace('— ', '—  ')],
  ['a space at the end', note.replace(ed25519Line, `${ed25519Line} `)],
  ['a name with a plus', `${note}— a+b ${root}\n`],
  ['a name with a space that is none of ASCII', `${note}— a\u00a0b ${root}\n`],
  ['no name', `${note}—  ${root}\n`],
  ['a signature that is only an id', `${note}— w AAAAAA==\n`],
  ['half a character', note.replace(origin, `${origin}\ud800`)],
])('%s is refused', (_what, altered) => {
  expect(altered).not.toBe(note);
  expect(refusal(altered)).toBeDefined();
});

test('a size of 2^53 - 1 is read, and lines of witnesses, up to 18 and 131,072 bytes in all', () => {
  expect(parseCheckpoint(textOf(origin, String(2 ** 53 - 1), root)).head.size).toBe(2 ** 53 - 1);
  const withLines = (count: number) =>
    `${text}\n\n${`${mldsa44Line}\n`.repeat(count - 1)}— witness.example/é AAAAAAA=\n`;
  expect(parseCheckpoint(withLines(signatureLinesMax)).signatures).toHaveLength(18);
  expect(refusal(withLines(signatureLinesMax + 1))).toContain('18 signature lines');
  const withBytes = (bytes: number) => {
    const rest = bytes - Buffer.byteLength(`${note}— w \n`);
    // Four characters stand for three bytes; the name takes what is left.
    const value = 'AAAA'.repeat(Math.floor(rest / 4));
    return `${note}— w${'w'.repeat(rest % 4)} ${value}\n`;
  };
  expect(Buffer.byteLength(withBytes(checkpointBytesMax))).toBe(131_072);
  expect(parseCheckpoint(withBytes(checkpointBytesMax)).signatures).toHaveLength(3);
  expect(refusal(withBytes(checkpointBytesMax + 1))).toContain('131072 bytes');
});

test('a cosignature without a time, or with one beyond 2^53 - 1, is none', () => {
  const at = (time: bigint) => {
    const cosignature = Buffer.alloc(10);
    cosignature.writeBigUInt64BE(time);
    return splitCosignature(cosignature)?.timeUnixS;
  };
  expect(at(0n)).toBeUndefined();
  expect(at(1n)).toBe(1);
  expect(at(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  expect(at(2n ** 53n)).toBeUndefined();
  expect(splitCosignature(Buffer.alloc(7))).toBeUndefined();
});
