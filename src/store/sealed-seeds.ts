import { AtedbError } from '../bytes/index.ts';
import {
  aadTags,
  arePayable,
  openWithPassphrase,
  type PassphraseCosts,
  type PublicKey,
  passphraseCostsMax,
  passphraseSaltBytes,
  type SealedWithPassphrase,
  sealOnceBytes,
  sealWithPassphrase,
} from '../crypto/index.ts';
import type { KeyFields } from './key-fields.ts';
import { askPassphrase, type Passphrase } from './passphrase.ts';

const kdfs = [{ name: 'argon2id' }] as const;
const ciphers = [{ name: 'aes-256-gcm' }] as const;

/** Ties sealed seeds to their key: those of another file don't open in this one. */
function aadOf({ fingerprint }: PublicKey): Buffer {
  return Buffer.concat([Buffer.from(aadTags.keyFile, 'ascii'), fingerprint]);
}

/**
 * Seal the seeds of a key, one behind the other, as a field of its file.
 * @throws AtedbError REQUEST_INVALID for a passphrase that is empty.
 */
export async function formatSealedSeeds(
  passphrase: string,
  publicKey: PublicKey,
  seeds: Buffer,
  costs: PassphraseCosts | undefined,
): Promise<object> {
  if (passphrase === '') {
    throw new AtedbError('REQUEST_INVALID', 'the passphrase is empty; choose one that is not', {
      metadata: { field: 'passphrase' },
    });
  }
  const sealed = await sealWithPassphrase(passphrase, aadOf(publicKey), seeds, costs);
  return {
    kdf: kdfs[0].name,
    ...sealed.costs,
    salt: sealed.salt.toString('base64'),
    cipher: ciphers[0].name,
    data: sealed.data.toString('base64'),
  };
}

/** Read that field of a key file, "sealed"; nothing is opened yet. @throws AtedbError REQUEST_INVALID or UNSUPPORTED. */
export function parseSealedSeeds(file: KeyFields, seedsBytes: number): SealedWithPassphrase {
  const fields = file.object('sealed');
  fields.named('kdf', kdfs);
  fields.named('cipher', ciphers);
  const costs = {
    memoryKib: fields.get('memoryKib'),
    passes: fields.get('passes'),
    lanes: fields.get('lanes'),
  } as PassphraseCosts;
  if (!arePayable(costs)) {
    const most = passphraseCostsMax;
    throw fields.damaged(
      `its costs are not ones that are paid: at most ${most.memoryKib} KiB, ${most.passes} passes and ${most.lanes} lanes`,
    );
  }
  return {
    costs,
    salt: fields.bytes('salt', passphraseSaltBytes),
    data: fields.bytes('data', seedsBytes + sealOnceBytes),
  };
}

/**
 * Open the seeds with the passphrase, which is asked for.
 * @throws AtedbError REQUEST_INVALID where it is wrong, or nobody can be asked.
 */
export async function openSealedSeeds(
  sealed: SealedWithPassphrase,
  publicKey: PublicKey,
  passphrase: Passphrase | undefined,
  where: string,
): Promise<Buffer> {
  const fingerprint = publicKey.fingerprintHex;
  const given = await askPassphrase(passphrase, { where, fingerprint });
  const seeds = await openWithPassphrase(given, aadOf(publicKey), sealed);
  if (seeds !== undefined) return seeds;
  throw new AtedbError(
    'REQUEST_INVALID',
    `the passphrase is not that of the key in ${where}, or the file was changed`,
    { metadata: { field: 'passphrase', fingerprint } },
  );
}
