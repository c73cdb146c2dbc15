import type { TreeHead } from '../event/index.ts';
import { proofText } from '../proof/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { compareHead } from './check-proof-file.ts';
import { connectTo } from './connect-to.ts';
import { noticeWriter } from './notices.ts';
import type { OpeningKey } from './opening-key.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { proofFactsJson, proofWords } from './proof-words.ts';

/** What `atedb proof` is told. */
export interface ProofSettings extends ChainTarget, OpeningKey {
  readonly sequence: number | undefined;
  readonly fromSize: number | undefined;
  readonly size: number | undefined;
  readonly withData: boolean;
  /** A head that the proof must be about, or extend. */
  readonly head: TreeHead | undefined;
  /** Absent: the proof goes to standard output. */
  readonly file: string | undefined;
  readonly json: boolean;
}

/**
 * Get a proof, and write it.
 *
 * @throws AtedbError as `Chain.prove`; STORAGE_FAILED where the file is there already.
 */
export async function writeProof(settings: ProofSettings): Promise<void> {
  const { server, address, key, chainId, trustMode, head, file, json } = settings;
  await runWithOutput(async (output, signal) => {
    const passphrase = passphraseFrom(settings.passphraseFile);
    await using client = await connectTo(
      server,
      { onNotice: noticeWriter(json), passphrase },
      json,
    );
    const chain = await client.open(address, { key, chainId, trustMode, signal });
    const { proof, facts } = await chain.prove({ ...settings, signal });
    const match = compareHead(facts, head);
    if (file === undefined) {
      output.write(proofText(proof, json ? 0 : 2));
      return;
    }
    await writeFileAtomic(file, proofText(proof), { replace: false });
    output.write(json ? `${proofFactsJson(facts, match)}\n` : proofWords(facts, match));
  });
}
