import { AtedbError, type Chain } from '../client/index.ts';
import { type ChainAddress, splitSlice, type TreeHead } from '../event/index.ts';
import { HistoryQueue, HistoryVerifier, Violations, whyOf } from '../verify/index.ts';
import { connectTo } from './connect-to.ts';
import { noticeWriter } from './notices.ts';
import { passphraseFrom } from './passphrase.ts';
import { Progress } from './progress.ts';
import type { VerifySettings } from './verify.ts';
import type { VerifyReport } from './verify-report.ts';

/** What says that a server, or what it has, can't be believed: that is what is asked for here, and no failure. */
const violationReasons = new Set([
  'VERIFICATION_FAILED',
  'HEAD_CONFLICT',
  'CHAIN_ID_MISMATCH',
  'TRUST_MODE_MISMATCH',
  'CHAIN_DAMAGED',
]);

/** A chain that grows and is compacted without an end is given up on. */
const readingsMax = 16;

/** Nor can one be compacted each time that it is read: gaps that contradict each other so often are no accident. */
const compactedMax = 3;

/** Verify a chain as a server sends it. */
export async function verifyServed(
  address: ChainAddress,
  settings: VerifySettings,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const { chainId, trustMode, allSignatures, json, head } = settings;
  const violations = new Violations();
  const heads = head === undefined ? [] : [head];
  const passphrase = passphraseFrom(settings.passphraseFile);
  const onNotice = noticeWriter(json);
  const server = { address: address.server, pinned: address.pinned, ...settings.ways };
  await using client = await connectTo(server, { onNotice, passphrase }, json);
  const chain = await noting(violations, () =>
    client.open(address.text, { key: settings.key, chainId, trustMode, signal }),
  );
  const history = chain && (await replay(chain, { settings, signal, violations, heads }));
  return {
    target: address.text,
    genesis: chain?.genesis,
    history,
    violations: violations.list,
    leftOut: violations.leftOut,
    allSignatures,
    isPinned: chainId !== undefined,
    heads,
    files: undefined,
  };
}

async function replay(
  chain: Chain,
  of: {
    settings: VerifySettings;
    signal: AbortSignal;
    violations: Violations;
    heads: readonly TreeHead[];
  },
): Promise<HistoryVerifier | undefined> {
  const { settings, signal, violations, heads } = of;
  const { genesis } = chain;
  if (genesis === undefined) throw new Error('a chain that was opened for reading is there');
  const { allSignatures } = settings;
  for (let count = 1; ; count += 1) {
    const mayBeCompacted = count < compactedMax;
    const options = { genesis, allSignatures, heads, violations, mayBeCompacted };
    const verifier = new HistoryVerifier(options);
    try {
      await replayOnce(chain, verifier, { signal, violations });
      return verifier;
    } catch (error) {
      const isCompacted = error instanceof AtedbError && error.reason === 'HISTORY_COMPACTED';
      if (!isCompacted || !mayBeCompacted) throw error;
      // Something is wrong that was there before.
      if (violations.list.length > 0) return verifier;
    }
  }
}

async function replayOnce(
  chain: Chain,
  verifier: HistoryVerifier,
  { signal, violations }: { readonly signal: AbortSignal; readonly violations: Violations },
): Promise<void> {
  await noting(violations, async () => {
    let isWhole = await readOn(chain, verifier, { signal, violations });
    // What allows data to be gone may have been appended meanwhile.
    for (let count = 0; isWhole && verifier.owed.isOwed && count < readingsMax; count += 1) {
      const { size } = verifier.head;
      isWhole = await readOn(chain, verifier, { signal, violations });
      if (verifier.head.size === size) break;
    }
    if (isWhole) verifier.finish();
  });
}

/**
 * Have what has come since verified, and confirmed where nothing is wrong with it.
 *
 * @returns whether that is so.
 */
async function readOn(
  chain: Chain,
  verifier: HistoryVerifier,
  { signal, violations }: { readonly signal: AbortSignal; readonly violations: Violations },
): Promise<boolean> {
  const since = { size: verifier.head.size, nextSequence: verifier.nextSequence };
  using served = await chain.readUnverified({ signal, since });
  const total = served.head.size - since.size;
  using progress = new Progress({ what: 'verifying', unit: 'commit', total });
  using queue = new HistoryQueue(verifier);
  try {
    for await (const slice of served.slices()) {
      const batches = splitSlice(slice);
      await queue.add(batches);
      progress.add(batches.length);
      if (violations.leftOut) return false;
    }
  } finally {
    // Also where no more comes: what did come is verified.
    await queue.drain();
  }
  // What was wrong before says enough of a head that is another one then.
  if (violations.list.length > 0) return false;
  await served.confirm(verifier.head);
  return true;
}

/** Do something, and take what shows that the server can't be believed for a violation. */
async function noting<T>(violations: Violations, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    const isViolation =
      error instanceof AtedbError &&
      (violationReasons.has(error.reason) || error.reason === 'NON_CANONICAL');
    if (!isViolation) throw error;
    violations.add({ what: error.reason === 'NON_CANONICAL' ? whyOf(error) : error.message });
    return undefined;
  }
}
