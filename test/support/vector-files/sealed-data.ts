import { wrapContext } from '../../../src/client/wrapped-keys.ts';
import {
  addPadding,
  deriveDataKey,
  ephemeralKems,
  hpkeInfos,
  hpkeSeal,
  type Kem,
  KemPrivateKey,
  type KemPublicKey,
  type PaddingRule,
  padmeLength,
  readKeyIdOf,
  removePadding,
  sealOnce,
} from '../../../src/crypto/index.ts';
import {
  buildEvent,
  openSealedData,
  publicKeyBytes,
  readConfidentiality,
} from '../../../src/event/index.ts';
import { fixedBytes, fixedKey, flipped } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const chainId = fixedBytes('a chain id', 32);
const readKey = fixedBytes('a read key', 32);
const readKeyId = readKeyIdOf(readKey);
const reader = fixedKey('a reader', { signsOnly: false });

/** What is encrypted to keys: HPKE with both KEMs, and read keys for their readers. Needs the portable provider. */
export function keyWrapVectors(): VectorFile {
  const all = Object.values(ephemeralKems).flatMap(hpkeCases);
  return {
    name: 'key-wraps',
    about:
      'HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, one message a context; `kem` is its number: 25722 is MLKEM768-X25519, 81 MLKEM1024-P384. `sealed` is enc, ciphertext, tag. It was made with `mlkemCoins` as m of FIPS 203, algorithm 17, and `curveSecret`; who can not do that opens it only. `badHpke` does not open, which is no error. `wrappedKeys` are read keys for readers as events have them, and `badWrappedKeys` open to nothing that counts.',
    madeFrom: 'src/crypto/hpke.ts, src/crypto/kem.ts and src/client/wrapped-keys.ts',
    lists: {
      hpke: all,
      badHpke: all.flatMap(badHpke),
      wrappedKeys: [wrapped(readKey, readKeyId)],
      badWrappedKeys: badWrapped(),
    },
  };
}

interface HpkeCase extends VectorCase {
  readonly sealed: Buffer;
  readonly info: Buffer;
  readonly aad: Buffer;
}

function hpkeCases(kem: Kem): HpkeCase[] {
  return [0, 32, 100].map((length) => {
    const name = `${kem.name} ${length}`;
    const seed = fixedBytes(`seed of ${name}`, kem.lengths.seed);
    const { publicKey } = new KemPrivateKey(kem, seed);
    const coins = {
      mlkem: fixedBytes(`coins of ${name}`, 32),
      curve: fixedBytes(`secret of ${name}`, kem.parts.curveSecret),
    };
    const info = fixedBytes(`info of ${name}`, 20);
    const aad = fixedBytes(`aad of ${name}`, length === 0 ? 0 : 16);
    const plaintext = fixedBytes(`plaintext of ${name}`, length);
    const sealed = hpkeSeal(kem, publicKey, { info, aad }, plaintext, coins);
    const { mlkem: mlkemCoins, curve: curveSecret } = coins;
    return {
      kem: kem.kemId,
      seed,
      publicKey,
      info,
      aad,
      plaintext,
      mlkemCoins,
      curveSecret,
      sealed,
    };
  });
}

function badHpke(good: HpkeCase): VectorCase[] {
  const { kem, seed, info, aad, sealed } = good;
  const curveAt = kem === 81 ? 1_568 : 1_088;
  const zeroPoint = Buffer.from(sealed);
  zeroPoint.fill(0, curveAt, curveAt + 32);
  const changes: (readonly [string, Partial<HpkeCase>])[] = [
    ['its last byte was changed', { sealed: flipped(sealed, -1) }],
    ["ML-KEM's ciphertext was changed", { sealed: flipped(sealed, 0) }],
    ['the key of the curve was changed', { sealed: flipped(sealed, curveAt + 20) }],
    ['the key of the curve is zeros', { sealed: zeroPoint }],
    ['another info', { info: flipped(info, 0) }],
    ['another AAD', { aad: Buffer.concat([aad, Buffer.of(0)]) }],
    ['cut short', { sealed: sealed.subarray(0, -1) }],
    ['shorter than enc', { sealed: sealed.subarray(0, 100) }],
  ];
  return changes.map(([why, change]) => ({ kem, seed, info, aad, sealed, ...change, why }));
}

function sealedFor(key: Buffer, id: Buffer): Buffer {
  const { fingerprint, kem } = reader.publicKey;
  const coins = {
    mlkem: fixedBytes('coins of a wrapped key', 32),
    curve: fixedBytes('secret of a wrapped key', 32),
  };
  const context = wrapContext(chainId, id, fingerprint);
  const { bytes } = kem as KemPublicKey;
  return hpkeSeal(ephemeralKems.mlkem768X25519, bytes, context, key, coins);
}

function wrapped(key: Buffer, id: Buffer) {
  const { publicKey, kemSeed } = reader;
  return {
    chainId,
    info: Buffer.from(hpkeInfos.wrappedKey, 'ascii'),
    reader: publicKeyBytes(publicKey),
    kemSeed,
    readKey: key,
    readKeyId: id,
    recipient: publicKey.fingerprint,
    wrapped: sealedFor(key, id),
  };
}

function badWrapped(): VectorCase[] {
  const good = wrapped(readKey, readKeyId);
  const other = fixedBytes('another read key', 32);
  const { readKey: _, ...shown } = good;
  return [
    {
      ...shown,
      wrapped: sealedFor(other, readKeyId),
      why: 'it opens, and is not the key of that id',
    },
    {
      ...shown,
      wrapped: sealedFor(readKey.subarray(1), readKeyId),
      why: 'it opens, and is no key',
    },
    { ...shown, chainId: flipped(chainId, 0), why: 'it is of another chain' },
    { ...shown, readKeyId: readKeyIdOf(other), why: 'it is of another read key' },
    { ...shown, wrapped: flipped(good.wrapped, -1), why: 'it was changed' },
  ];
}

/** Data that is sealed, and its padding. */
export function sealedDataVectors(): VectorFile {
  const good = sealedCases();
  return {
    name: 'sealed-data',
    about:
      'Events whose data is sealed, as docs/format.md has it: `random` is what their header holds; `key` and `commitment` come of it, and are shown to compare. `header` and `event` (with tag and length) are whole, `stored` is the data as it is stored. `bad` ones do not open, which is no error. `padme` are lengths, of the data and the byte 80, and what PADMÉ makes of them; `paddings` are texts and what they are with their padding, by the mark alone or by PADMÉ; `badPaddings` have none.',
    madeFrom: 'src/event/sealed-data.ts, src/crypto/data-key.ts and src/crypto/padding.ts',
    lists: {
      good,
      bad: good.slice(0, 2).flatMap(badSealed),
      padme: [...lengths(), 2 ** 31 - 1].map((length) => ({ length, padded: padmeLength(length) })),
      paddings: paddings(),
      badPaddings: ['', '00', '0000', '8001', '01', '80000001'].map((hex) => {
        const padded = Buffer.from(hex, 'hex');
        if (removePadding(padded) !== undefined) throw new Error(`${hex} has padding`);
        return { padded };
      }),
    },
  };
}

function lengths(): number[] {
  const few = Array.from({ length: 40 }, (_, index) => index);
  return [
    ...few,
    63,
    64,
    65,
    100,
    127,
    128,
    129,
    1_000,
    1_023,
    1_024,
    1_025,
    65_535,
    65_537,
    1_000_000,
  ];
}

function paddings(): VectorCase[] {
  return (['mark', 'padme'] as const).flatMap((rule) =>
    ['', '00', '80', '8000', 'ab'.repeat(70)].map((hex) => {
      const text = Buffer.from(hex, 'hex');
      return { rule, text, padded: addPadding(text, rule) };
    }),
  );
}

function sealedCases() {
  const cases: readonly (readonly [string, PaddingRule])[] = [
    ['', 'mark'],
    ['a secret', 'mark'],
    ['a secret', 'padme'],
    ['ä'.repeat(150), 'padme'],
  ];
  return cases.map(([text, rule], index) => {
    const data = Buffer.from(text, 'utf8');
    const random = fixedBytes(`random ${index}`, 32);
    const context = Buffer.concat([chainId, readKeyId]);
    const { key, commitment } = deriveDataKey(readKey, random, context);
    const padded = addPadding(data, rule);
    let before = Buffer.alloc(0) as Buffer;
    const { header, frame } = buildEvent({
      ...{ kind: 'data', data, salt: Buffer.alloc(16), type: index > 1 ? 'text' : undefined },
      primaryKey: fixedBytes(`object ${index}`, 16),
      sealing: {
        confidentiality: { readKeyId, random, commitment },
        seal: (_, bytes) => {
          before = Buffer.from(bytes);
          return sealOnce(Buffer.from(key), Buffer.concat([chainId, bytes]), padded);
        },
      },
    });
    const stored = sealOnce(key, Buffer.concat([chainId, before]), padded);
    return {
      ...{ chainId, readKey, readKeyId, random, key, commitment, rule, data },
      ...{ headerBefore: before, header, stored, event: frame },
    };
  });
}

type Sealed = ReturnType<typeof sealedCases>[number];

function badSealed({ chainId: id, readKey: key, header, stored }: Sealed): VectorCase[] {
  const confidentialityAt = header.indexOf(readKeyId);
  const good = { chainId: id, readKey: key, header, stored };
  const changes: (readonly [string, Partial<typeof good>])[] = [
    ['another read key', { readKey: flipped(key, 0) }],
    ['another chain', { chainId: flipped(id, 31) }],
    ['stored data that was changed', { stored: flipped(stored, 0) }],
    ['a tag that was changed', { stored: flipped(stored, -1) }],
    ['another object', { header: flipped(header, 9) }],
    ['other random bytes', { header: flipped(header, confidentialityAt + 34) }],
    ['another commitment', { header: flipped(header, confidentialityAt + 68) }],
    ['stored data that is cut short', { stored: stored.subarray(0, 15) }],
  ];
  return changes.map(([why, change]) => {
    const one = { ...good, ...change };
    const confidentiality = readConfidentiality(one.header);
    if (confidentiality === undefined) throw new Error('it is sealed');
    const opened = openSealedData(one.readKey, {
      ...{ chainId: one.chainId, headerBytes: one.header, confidentiality, data: one.stored },
    });
    if (opened !== undefined) throw new Error(`${why} opens`);
    return { ...one, why };
  });
}
