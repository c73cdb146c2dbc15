import { AtedbError } from '../../../src/bytes/index.ts';
import {
  type KemPublicKey,
  kemMlkem768X25519,
  PublicKey,
  suiteMldsa44Ed25519,
  suiteMldsa65Ed25519,
} from '../../../src/crypto/index.ts';
import { parsePublicKeyText, publicKeyBytes, publicKeyText } from '../../../src/event/index.ts';
import { fixedBytes, fixedKey, flipped, replaced } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const suites = [suiteMldsa65Ed25519, suiteMldsa44Ed25519];
const key = fixedKey('a person', { signsOnly: false });
const { bytes } = key.publicKey;
const kem = (key.publicKey.kem as KemPublicKey).bytes;
const ed25519Start = 1_312;
const x25519Start = 1_184;

/** Encodings of points of small order on edwards25519, and of points beside their canonical encodings. */
const badPoints: readonly (readonly [string, string])[] = [
  ['small order: 1', `01${'00'.repeat(31)}`],
  ['small order: 1, with the sign of x', `01${'00'.repeat(30)}80`],
  ['small order: -1', `ec${'ff'.repeat(30)}7f`],
  ['small order: 0', '00'.repeat(32)],
  ['small order: 0, with the sign of x', `${'00'.repeat(31)}80`],
  ['small order: 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['small order: 8, negative', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['small order: 8, another', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['not canonical: p', `ed${'ff'.repeat(30)}7f`],
  ['not canonical: p + 1', `ee${'ff'.repeat(30)}7f`],
  ['not canonical: p + 3', `f0${'ff'.repeat(30)}7f`],
  ['not canonical: 2^255 - 1', 'ff'.repeat(32)],
];

/** Coordinates that X25519 must not be given. */
const badCoordinates: readonly (readonly [string, string])[] = [
  ['small order: 0', '00'.repeat(32)],
  ['small order: 1', `01${'00'.repeat(31)}`],
  ['small order: 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['small order: 8, another', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['small order: -1', `ec${'ff'.repeat(30)}7f`],
  ['not canonical: p', `ed${'ff'.repeat(30)}7f`],
  ['not canonical: the highest bit', flipped(kem.subarray(x25519Start), 31, 7).toString('hex')],
];

/** Keys: from their seeds to their names. */
export function keyVectors(): VectorFile {
  return {
    name: 'keys',
    about:
      "Keys. `seed` has 64 bytes, ML-DSA's and Ed25519's; `kemSeed` 32, from which SHAKE256 makes ML-KEM's 64 and X25519's 32; `message` is the PublicKey message, `fingerprint` names it, and `text` is the line that one person hands to another. `bad` messages are in the strict form, and are no keys: they are refused with `reason`. `badTexts` likewise.",
    madeFrom: 'src/crypto/key-pair.ts, src/crypto/public-key.ts and src/event/public-key-text.ts',
    lists: { good: good(), bad: bad(), badTexts: badTexts() },
  };
}

function good(): VectorCase[] {
  return suites.flatMap((suite) =>
    [true, false].map((signsOnly) => {
      const { seed, kemSeed, publicKey } = fixedKey(`key ${suite}`, { suite, signsOnly });
      return {
        ...{ suite, seed, kemSeed, publicKey: publicKey.bytes, kemPublicKey: publicKey.kem?.bytes },
        message: publicKeyBytes(publicKey),
        fingerprint: publicKey.fingerprint,
        text: publicKeyText(publicKey),
      };
    }),
  );
}

function bad(): VectorCase[] {
  const of = (why: string, fields: Partial<Fields>) => refused(why, { ...fieldsOf(), ...fields });
  const withPoint = (hex: string) => replaced(bytes, ed25519Start, Buffer.from(hex, 'hex'));
  const withU = (hex: string) => replaced(kem, x25519Start, Buffer.from(hex, 'hex'));
  return [
    ...badPoints.map(([why, hex]) => of(`Ed25519, ${why}`, { key: withPoint(hex) })),
    of('a byte less', { key: bytes.subarray(1) }),
    of('a byte more', { key: Buffer.concat([bytes, Buffer.of(0)]) }),
    of('of the other suite', { suite: suiteMldsa65Ed25519 }),
    of('a KEM key without its suite', { kemSuite: 0 }),
    of('a KEM suite without its key', { kemKey: Buffer.alloc(0) }),
    ...badCoordinates.map(([why, hex]) => of(`X25519, ${why}`, { kemKey: withU(hex) })),
    of('ML-KEM, a coefficient of 3,329', { kemKey: replaced(kem, 0, Buffer.from('010d', 'hex')) }),
    of('ML-KEM, a coefficient of 4,095', {
      kemKey: replaced(kem, 1_149, Buffer.from('f0ffff', 'hex')),
    }),
  ];
}

type Fields = ReturnType<typeof fieldsOf>;

function fieldsOf() {
  return {
    suite: suiteMldsa44Ed25519,
    key: bytes as Buffer,
    kemSuite: kemMlkem768X25519,
    kemKey: kem as Buffer,
  };
}

function refused(why: string, fields: Fields): VectorCase {
  return { ...fields, reason: reasonOf(() => PublicKey.fromFields(fields)), why };
}

function badTexts(): VectorCase[] {
  const text = publicKeyText(key.publicKey);
  const [mark = '', fingerprint = '', base64 = ''] = text.split(' ');
  const other = fixedBytes('another fingerprint', 32).toString('hex');
  const texts: readonly (readonly [string, string])[] = [
    ['', 'it is empty'],
    [`${mark} ${fingerprint}`, 'no key'],
    [`atedb-public-key-2 ${fingerprint} ${base64}`, 'another mark'],
    [`${mark} ${other} ${base64}`, 'the fingerprint of another key'],
    [`${mark} ${fingerprint.toUpperCase()} ${base64}`, 'upper case'],
    [`${mark} ${fingerprint} ${base64}=`, 'base64 with padding too much'],
    [`${mark} ${fingerprint} ${base64.slice(0, -4)}`, 'a key that is cut short'],
    [`${text} more`, 'something behind it'],
  ];
  return texts.map(([bad, why]) => ({
    text: bad,
    reason: reasonOf(() => parsePublicKeyText(bad, 'the text')),
    why,
  }));
}

/** The reason with which something is refused. */
export function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
  throw new Error('it is not refused');
}
