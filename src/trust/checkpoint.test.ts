import { expect, test } from 'vitest';
import type { Reason } from '../bytes/index.ts';
import { KeyPair, NoteKeyPair, NotePublicKeys } from '../crypto/index.ts';
import {
  checkpointText,
  cosignedMessage,
  encodeCheckpoint,
  encodeCheckpointKeys,
} from '../event/index.ts';
import {
  certifyCheckpointKeys,
  signCheckpoint,
  verifyCheckpoint,
  verifyCheckpointKeys,
} from './checkpoint.ts';

const identity = KeyPair.generate();
const keys = NoteKeyPair.generate();
const otherKeys = NoteKeyPair.generate();
const signer = await certifyCheckpointKeys(keys.publicKeys, identity);
const chainId = Buffer.alloc(32, 1);
const claim = { chainId, head: { size: 12, root: Buffer.alloc(32, 2) }, timeUnixS: 1_700_000_000 };
const note = await signCheckpoint(claim, keys);

const refused = (promise: Promise<unknown>, reason: Reason) =>
  expect(promise).rejects.toMatchObject({ reason });

test('a checkpoint says what was signed', async () => {
  expect(await verifyCheckpoint(note, chainId, signer)).toEqual({ ...claim, note, signer });
});

test('lines of others are passed over, also under the same name, and before ours', async () => {
  const [text = '', lines = ''] = note.split('\n\n');
  const name = text.split('\n', 1)[0];
  const others = `— witness.example AAAAAAAA\n— ${name} AAAAAAAA\n`;
  await verifyCheckpoint(`${text}\n\n${others}${lines}`, chainId, signer);
  await verifyCheckpoint(`${note}${others}`, chainId, signer);
});

test('both lines are required, once each', async () => {
  const [text = '', lines = ''] = note.split('\n\n');
  const [ed25519 = '', mldsa44 = ''] = lines.split('\n');
  for (const some of [ed25519, mldsa44]) {
    await refused(verifyCheckpoint(`${text}\n\n${some}\n`, chainId, signer), 'SIGNATURE_INVALID');
    await refused(verifyCheckpoint(`${note}${some}\n`, chainId, signer), 'SIGNATURE_INVALID');
  }
  await verifyCheckpoint(`${text}\n\n${mldsa44}\n${ed25519}\n`, chainId, signer);
});

test('a line of another key, of another head, time or chain, or an altered one does not verify', async () => {
  const ed25519 = await keys.sign('ed25519', checkpointText(claim));
  const mldsa44 = await keys.sign('mldsa44', cosignedMessage(claim));
  const whole = { ed25519, mldsa44 };
  await verifyCheckpoint(encodeCheckpoint(claim, keys.publicKeys, whole), chainId, signer);
  const otherHead = { ...claim, head: { ...claim.head, size: 13 } };
  const otherTime = { ...claim, timeUnixS: claim.timeUnixS + 1 };
  const flip = (bytes: Buffer) => {
    const altered = Buffer.from(bytes);
    altered[40] = (altered[40] ?? 0) ^ 1;
    return altered;
  };
  const halves = [
    { ...whole, ed25519: await otherKeys.sign('ed25519', checkpointText(claim)) },
    { ...whole, mldsa44: await otherKeys.sign('mldsa44', cosignedMessage(claim)) },
    { ...whole, ed25519: await keys.sign('ed25519', checkpointText(otherHead)) },
    { ...whole, mldsa44: await keys.sign('mldsa44', cosignedMessage(otherHead)) },
    { ...whole, mldsa44: await keys.sign('mldsa44', cosignedMessage(otherTime)) },
    { ...whole, mldsa44: await keys.sign('mldsa44', checkpointText(claim)) },
    { ...whole, ed25519: flip(ed25519) },
    { ...whole, mldsa44: flip(mldsa44) },
    { ...whole, ed25519: ed25519.subarray(0, 63) },
    { ...whole, mldsa44: mldsa44.subarray(0, 2419) },
    // R of small order, which some verifiers take.
    { ...whole, ed25519: Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]) },
  ];
  for (const half of halves) {
    const altered = encodeCheckpoint(claim, keys.publicKeys, half);
    await refused(verifyCheckpoint(altered, chainId, signer), 'SIGNATURE_INVALID');
  }
  const otherSigner = await certifyCheckpointKeys(otherKeys.publicKeys, identity);
  await refused(verifyCheckpoint(note, chainId, otherSigner), 'SIGNATURE_INVALID');
  await refused(verifyCheckpoint(note, Buffer.alloc(32, 9), signer), 'CHAIN_ID_MISMATCH');
  await refused(verifyCheckpoint(`${note}x`, chainId, signer), 'NON_CANONICAL');
});

test('the identity vouches for both keys together, and for nothing else', async () => {
  const read = await verifyCheckpointKeys(signer.message, identity.publicKey);
  expect(read.keys.ed25519).toEqual(keys.publicKeys.ed25519);
  expect(read.keys.mldsa44).toEqual(keys.publicKeys.mldsa44);
  const other = KeyPair.generate();
  await refused(verifyCheckpointKeys(signer.message, other.publicKey), 'SIGNATURE_INVALID');
  const mixed = new NotePublicKeys({
    ed25519: keys.publicKeys.ed25519,
    mldsa44: otherKeys.publicKeys.mldsa44,
  });
  const bytes = Buffer.concat([mixed.ed25519, mixed.mldsa44]);
  for (const signature of [
    // Signed by it for another purpose, and of other keys.
    await identity.sign('atedb/v1/seal', bytes),
    await identity.sign(
      'atedb/v1/checkpoint-keys',
      Buffer.concat([keys.publicKeys.ed25519, keys.publicKeys.mldsa44]),
    ),
  ]) {
    const message = encodeCheckpointKeys(mixed, identity.publicKey, signature);
    await refused(verifyCheckpointKeys(message, identity.publicKey), 'SIGNATURE_INVALID');
  }
  const half = signer.message.subarray(0, 34);
  await refused(verifyCheckpointKeys(half, identity.publicKey), 'NON_CANONICAL');
});
