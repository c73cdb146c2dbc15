import type { ChainDescription, DescribedOwner, DescribedQuota } from '../client/index.ts';
import { connectTo } from './connect-to.ts';
import { headText } from './head-flag.ts';
import type { OpeningKey } from './opening-key.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { retentionWords } from './retention-words.ts';
import { countOf, grouped, isoTime, safeText } from './safe-text.ts';
import type { ServerTarget } from './server-target.ts';

/** Describe a chain, in words or as JSON. */
export async function describeChain(
  settings: OpeningKey & { server: ServerTarget; chainKey: string; json: boolean },
): Promise<void> {
  const { server, chainKey, key, json } = settings;
  await runWithOutput(async (output, signal) => {
    const passphrase = passphraseFrom(settings.passphraseFile);
    await using client = await connectTo(server, { passphrase }, json);
    const description = await client.describe(chainKey, { key, signal });
    output.write(json ? `${descriptionJson(description)}\n` : descriptionWords(description));
  });
}

/** A description as one line of JSON. */
export function descriptionJson(description: ChainDescription): string {
  const { chainKey, isPrivate, chainId, trustMode, roots, createdUnixMs, head } = description;
  const { nextSequence, lastCommitUnixMs, logBytes, segments, writers, health, trouble, damages } =
    description;
  const { use } = description;
  // `undefined` is left out by JSON.stringify.
  return JSON.stringify({
    chainKey,
    chainId: chainId.toString('hex'),
    trustMode,
    private: isPrivate,
    erasing: description.isErasing ? true : undefined,
    roots: roots.map(({ suite, fingerprint, publicKey, kem }) => ({
      suite,
      fingerprint,
      publicKey: publicKey.toString('base64'),
      kemSuite: kem?.suite,
      kemKey: kem?.bytes.toString('base64'),
    })),
    created: isoTime(createdUnixMs),
    head: { size: head.size, root: head.root.toString('hex') },
    nextSequence,
    lastCommit: isoTime(lastCommitUnixMs),
    logBytes,
    segments,
    liveBytes: use?.liveBytes,
    deadBytes: use?.deadBytes,
    counted: use && isoTime(use.countedUnixMs),
    retention: description.retention,
    quota: description.quota,
    ownerQuota: description.ownerQuota,
    writers,
    health,
    trouble,
    damages: damages.length === 0 ? undefined : damages,
    setAside: description.setAside.length === 0 ? undefined : description.setAside,
    owner: ownerFields(description.owner),
  });
}

function useWords({
  liveBytes,
  deadBytes,
  countedUnixMs,
}: NonNullable<ChainDescription['use']>): string {
  const dead = `${countOf(deadBytes, 'byte')} superseded`;
  return `${countOf(liveBytes, 'byte')} live, ${dead}, as of ${isoTime(countedUnixMs)}`;
}

function quotaWords({ usedBytes, limitBytes }: DescribedQuota, of: string): string {
  const part = Math.floor((usedBytes / limitBytes) * 100);
  return `${grouped(usedBytes)} of ${countOf(limitBytes, 'byte')} (${part} %)${of}`;
}

function ownerFields(owner: DescribedOwner | undefined): object | undefined {
  if (owner === undefined) return undefined;
  const { isUnverified, isRemoved, issuedUnixMs, expiresUnixMs } = owner;
  return {
    name: owner.owner,
    authIdentity: owner.authIdentity,
    version: owner.version,
    issued: isoTime(issuedUnixMs),
    expires: isoTime(expiresUnixMs),
    unverified: isUnverified,
    removed: isRemoved,
  };
}

/** Whose a root is, as the auth service says. */
function ownerWords(owner: DescribedOwner | undefined): string {
  if (owner === undefined) return '';
  const whose = safeText(owner.owner);
  if (owner.isRemoved) return ` of ${whose}, whose account was removed`;
  const proof = owner.isUnverified ? ', a name that nobody has checked' : '';
  return ` of ${whose}${proof}; as the auth service says until ${isoTime(owner.expiresUnixMs)}`;
}

/** A description in words. */
export function descriptionWords(description: ChainDescription): string {
  const { chainKey, isPrivate, chainId, trustMode, roots, createdUnixMs, head } = description;
  const { nextSequence, lastCommitUnixMs, logBytes, segments, writers, health, trouble } =
    description;
  const { owner, quota, ownerQuota, retention } = description;
  const rows = [
    ['chain', safeText(chainKey)],
    ['id', chainId.toString('hex')],
    ['trust', trustMode],
    ...(isPrivate ? [['open', 'private: only to keys that its rules name']] : []),
    ['created', isoTime(createdUnixMs)],
    ...roots.map(({ fingerprint }) => ['root', `${fingerprint}${ownerWords(owner)}`]),
    ['events', `${grouped(nextSequence)}, the next one gets sequence ${nextSequence}`],
    ['commits', `${grouped(head.size)}, the last one at ${isoTime(lastCommitUnixMs)}`],
    ['head', headText(head)],
    ['writers', grouped(writers)],
    ['log', `${countOf(logBytes, 'byte')} in ${countOf(segments, 'segment')}`],
    ...(description.use === undefined ? [] : [['data', useWords(description.use)]]),
    ...(retention === undefined ? [] : [['retention', retentionWords(retention)]]),
    ...(quota === undefined ? [] : [['quota', quotaWords(quota, '')]]),
    ...(ownerQuota === undefined
      ? []
      : [['quota', quotaWords(ownerQuota, ', all chains of the owner')]]),
    ...(description.setAside.length === 0
      ? []
      : [
          [
            'set aside',
            `${description.setAside.map(safeText).join(', ')}: may hold what was erased; atedb repair --drop-set-aside removes it`,
          ],
        ]),
    ['health', trouble === undefined ? health : `${health}: ${safeText(trouble)}`],
  ];
  return rows.map(([name = '', value]) => `${name.padEnd(11)}${value}\n`).join('');
}
