import type { TreeHead } from '../event/index.ts';
import { checkProof, type ProvenFacts, parseProof, proofCharactersMax } from '../proof/index.ts';
import { ViolationError, violations } from './errors.ts';
import { headText } from './head-flag.ts';
import { runWithOutput } from './output.ts';
import { type HeadMatch, proofFactsJson, proofWords } from './proof-words.ts';
import { readText } from './read-text.ts';

/** What `atedb proof --check` is told. */
export interface CheckProofSettings {
  /** `-` is standard input. */
  readonly file: string;
  /** The chain's id, 32 bytes; undefined: any. */
  readonly chainId: Buffer | undefined;
  readonly head: TreeHead | undefined;
  readonly json: boolean;
}

/**
 * Check a proof without a server or anything of its chain, and say what it shows.
 *
 * @throws ViolationError where it doesn't verify, or is of something else than was named.
 */
export async function checkProofFile(settings: CheckProofSettings): Promise<void> {
  const { file, chainId, head, json } = settings;
  await runWithOutput(async (output) => {
    const text = await readText(file, { what: 'a proof', charactersMax: proofCharactersMax });
    const facts = await violations(() => checkProof(parseProof(text)));
    if (chainId !== undefined && !facts.genesis.chainId.equals(chainId)) {
      throw new ViolationError(
        `the proof is of the chain with the id ${facts.genesis.chainId.toString('hex')}, and ${chainId.toString('hex')} was named`,
      );
    }
    const match = compareHead(facts, head);
    output.write(json ? `${proofFactsJson(facts, match)}\n` : proofWords(facts, match));
  });
}

/** Compare the heads of a proof with one from elsewhere. @throws ViolationError where they contradict or say nothing of each other. */
export function compareHead(
  { head, older }: Pick<ProvenFacts, 'head' | 'older'>,
  known: TreeHead | undefined,
): HeadMatch {
  if (known === undefined) return undefined;
  const same = [head, older].find((one) => one?.size === known.size);
  if (same === undefined) {
    throw new ViolationError(
      `the proof says nothing of a head of ${known.size} commits: its own is of ${head.size}. Ask for one with --from ${known.size}`,
    );
  }
  if (same.root.equals(known.root)) return same === head ? 'same' : 'older';
  throw new ViolationError(
    `the proof is of another history: its head is ${headText(same)}, and you named ${headText(known)}`,
  );
}
