import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapContext } from '../src/client/wrapped-keys.ts';
import {
  chooseProvider,
  ephemeralKems,
  hpkeOpen,
  KemPrivateKey,
  KeyPair,
  merkleRoot,
  PublicKey,
  providerNames,
  readKeyIdOf,
  taggedHash,
  verifyConsistency,
  verifyInclusion,
} from '../src/crypto/index.ts';
import {
  openSealedData,
  parseBatch,
  parsePublicKey,
  parsePublicKeyText,
  readConfidentiality,
  splitSlice,
} from '../src/event/index.ts';
import { parseKeyFile } from '../src/store/key-file.ts';
import {
  checkBatch,
  ReplayVerifier,
  verifyCheckpoint,
  verifyCheckpointKeys,
  verifyGenesis,
} from '../src/trust/index.ts';
import { ClientHandshake, type KeyBits } from '../src/wire/index.ts';
import { readList } from './support/vector-files/vector-file.ts';

// The vectors for clients in other languages, read as such a client reads them, and held against both providers of
// cryptography. Nothing of what made them is used here.

/** A case as it is in a file. Bytes are hexadecimal. */
type Case = Readonly<Record<string, unknown>>;

const hex = (value: unknown) => Buffer.from(value as string, 'hex');
const list = (name: string, of: string) => readList<Case>(name, of);
const hashes = (value: unknown) => (value as string[]).map(hex);

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('tagged hashes', () => {
    for (const { tag, input, hash } of list('hashes', 'tagged')) {
      expect(taggedHash(tag as string, hex(input)).toString('hex')).toBe(hash);
    }
  });

  test('trees, and proofs in them', () => {
    const leaves = list('merkle', 'leaves').map(({ bytes }) => hex(bytes));
    for (const { size, root } of list('merkle', 'roots')) {
      expect(merkleRoot(leaves.slice(0, size as number)).toString('hex')).toBe(root);
    }
    for (const [of, isGood] of [
      ['inclusion', true],
      ['badInclusion', false],
    ] as const) {
      for (const { leaf, index, size, proof, root } of list('merkle', of)) {
        const claim = { index: index as number, size: size as number, proof: hashes(proof) };
        expect(verifyInclusion({ ...claim, leaf: hex(leaf), root: hex(root) })).toBe(isGood);
      }
    }
    for (const [of, isGood] of [
      ['consistency', true],
      ['badConsistency', false],
    ] as const) {
      for (const one of list('merkle', of)) {
        const { first, second } = one as unknown as { first: number; second: number };
        const roots = { firstRoot: hex(one.firstRoot), secondRoot: hex(one.secondRoot) };
        expect(verifyConsistency({ first, second, ...roots, proof: hashes(one.proof) })).toBe(
          isGood,
        );
      }
    }
  });

  test('keys', () => {
    for (const one of list('keys', 'good')) {
      const kem = one.kemSeed === undefined ? undefined : { suite: 1, seed: hex(one.kemSeed) };
      const { publicKey } = KeyPair.fromSeed(one.suite as number, hex(one.seed), kem);
      expect(publicKey.fingerprintHex).toBe(one.fingerprint);
      expect(parsePublicKey(hex(one.message)).fingerprintHex).toBe(one.fingerprint);
      expect(parsePublicKeyText(one.text as string, 'it').fingerprintHex).toBe(one.fingerprint);
    }
    for (const { suite, key, kemSuite, kemKey, reason, why } of list('keys', 'bad')) {
      const fields = { suite: suite as number, kemSuite: kemSuite as number };
      const parse = () => PublicKey.fromFields({ ...fields, key: hex(key), kemKey: hex(kemKey) });
      expect(parse, why as string).toThrow(expect.objectContaining({ reason }));
    }
  });

  test('key files', async () => {
    for (const { text, passphrase, fingerprint } of list('key-files', 'good')) {
      const file = parseKeyFile(text as string, 'it');
      const { keyPair } = await file.open(passphrase as string | undefined);
      expect(keyPair.publicKey.fingerprintHex).toBe(fingerprint);
    }
    for (const { text, passphrase, reason, why } of list('key-files', 'bad')) {
      const opening = async () => parseKeyFile(text as string, 'it').open(passphrase as string);
      await expect(opening(), why as string).rejects.toMatchObject({ reason });
    }
  });

  test('signatures', async () => {
    const keys = list('signatures', 'keys').map(({ key }) => parsePublicKey(hex(key)));
    for (const [of, isGood] of [
      ['good', true],
      ['bad', false],
    ] as const) {
      for (const { key, context, message, signature, what } of list('signatures', of)) {
        const by = keys[key as number] as PublicKey;
        const is = await by.verify(context as string, hex(message), hex(signature));
        expect(is, what as string).toBe(isGood);
      }
    }
    const proofs = ['append', 'lock', 'ticket', 'deleteChain'].flatMap((of) => list('proofs', of));
    const [prover] = list('proofs', 'keys').map(({ key }) => parsePublicKey(hex(key)));
    for (const { context, bytes, signature } of proofs) {
      expect(await prover?.verify(context as string, hex(bytes), hex(signature))).toBe(true);
    }
  });

  test('what is encrypted to keys', () => {
    const kems = Object.values(ephemeralKems);
    const open = ({ kem, seed, info, aad, sealed }: Case) => {
      const of = kems.find(({ kemId }) => kemId === kem) as (typeof kems)[0];
      const context = { info: hex(info), aad: hex(aad) };
      return hpkeOpen(of, new KemPrivateKey(of, hex(seed)), context, hex(sealed));
    };
    for (const one of list('key-wraps', 'hpke')) {
      expect(open(one)?.toString('hex')).toBe(one.plaintext);
    }
    for (const one of list('key-wraps', 'badHpke')) {
      expect(open(one), one.why as string).toBeUndefined();
    }
    const unwrap = ({ chainId, readKeyId, recipient, kemSeed, wrapped }: Case) => {
      const { mlkem768X25519 } = ephemeralKems;
      const key = new KemPrivateKey(mlkem768X25519, hex(kemSeed));
      const context = wrapContext(hex(chainId), hex(readKeyId), hex(recipient));
      const opened = hpkeOpen(mlkem768X25519, key, context, hex(wrapped));
      if (opened?.length !== 32) return undefined;
      return readKeyIdOf(opened).toString('hex') === readKeyId ? opened : undefined;
    };
    for (const one of list('key-wraps', 'wrappedKeys')) {
      expect(unwrap(one)?.toString('hex')).toBe(one.readKey);
    }
    for (const one of list('key-wraps', 'badWrappedKeys')) {
      expect(unwrap(one), one.why as string).toBeUndefined();
    }
  });

  test('sealed data', () => {
    const open = ({ readKey, chainId, header, stored }: Case) => {
      const headerBytes = hex(header);
      const confidentiality = readConfidentiality(headerBytes);
      if (confidentiality === undefined) throw new Error('it is sealed');
      const sealed = { chainId: hex(chainId), headerBytes, confidentiality, data: hex(stored) };
      return openSealedData(hex(readKey), sealed);
    };
    for (const one of list('sealed-data', 'good')) {
      expect(open(one)?.toString('hex')).toBe(one.data);
    }
    for (const one of list('sealed-data', 'bad')) {
      expect(open(one), one.why as string).toBeUndefined();
    }
  });

  test('batches', () => {
    for (const { run, events } of list('batches', 'good')) {
      const batch = parseBatch(hex(run));
      checkBatch(batch);
      expect(batch.count).toBe(events);
    }
    for (const { run, reason, why } of list('batches', 'bad')) {
      const check = () => checkBatch(parseBatch(hex(run)));
      expect(check, why as string).toThrow(expect.objectContaining({ reason }));
    }
  });

  test('histories', async () => {
    const replay = async (slices: readonly Buffer[]) => {
      const [first] = splitSlice(slices[0] as Buffer);
      const { genesis } = await verifyGenesis(first?.run as Buffer);
      const verifier = new ReplayVerifier(genesis, undefined, { allSignatures: true });
      for (const slice of slices) await verifier.verify(slice);
      return verifier;
    };
    for (const { slices, size, root, nextSequence } of list('replays', 'good')) {
      const verifier = await replay(hashes(slices));
      expect(verifier.head()).toEqual({ size, root: hex(root) });
      expect(verifier.nextSequence).toBe(nextSequence);
    }
    for (const { slices, commit, why } of list('replays', 'bad')) {
      const error = await replay(hashes(slices)).catch((one: unknown) => one);
      expect(error, why as string).toMatchObject({ reason: 'VERIFICATION_FAILED' });
      const { metadata } = error as { metadata: Record<string, string> };
      expect(metadata.commit, why as string).toBe(
        commit === undefined ? undefined : String(commit),
      );
    }
  });

  test('answers that a client of the tunnel refuses', async () => {
    const inputs = list('wire', 'cases').map((one) => one.inputs as Case);
    const begin = ({ clientKeyBits, clientRandom, seeds }: Case) => {
      const all = (seeds as Case[]).map(({ seed }) => hex(seed));
      const random = [hex(clientRandom), ...all];
      const keyBits = clientKeyBits as KeyBits;
      return new ClientHandshake({
        keyBits,
        sharesUpTo: all.length === 1 ? keyBits : 256,
        random: () => random.shift() as Buffer,
      });
    };
    for (const { serverHello, clientFinished, inputs: of } of list('wire', 'cases')) {
      const { finished } = await begin(of as Case).finish(hex(serverHello));
      expect(finished.toString('hex')).toBe(clientFinished);
    }
    for (const { serverHello, case: place, why } of list('wire', 'refusals')) {
      const finishing = begin(inputs[place as number] as Case).finish(hex(serverHello));
      const due = { reason: 'WIRE_HANDSHAKE_FAILED' };
      await expect(finishing, why as string).rejects.toMatchObject(due);
    }
  });

  test('checkpoints', async () => {
    const [keys] = list('checkpoints', 'keys');
    const signer = await verifyCheckpointKeys(
      hex(keys?.message),
      parsePublicKey(hex(keys?.identity)),
    );
    for (const { note, chainId, size, root } of list('checkpoints', 'good')) {
      const { head } = await verifyCheckpoint(note as string, hex(chainId), signer);
      expect(head).toEqual({ size, root: hex(root) });
    }
    for (const { note, chainId, reason, why } of list('checkpoints', 'bad')) {
      const verifying = verifyCheckpoint(note as string, hex(chainId), signer);
      await expect(verifying, why as string).rejects.toMatchObject({ reason });
    }
    for (const { message, identity, reason, why } of list('checkpoints', 'badKeys')) {
      const verifying = verifyCheckpointKeys(hex(message), parsePublicKey(hex(identity)));
      await expect(verifying, why as string).rejects.toMatchObject({ reason });
    }
  });
});
