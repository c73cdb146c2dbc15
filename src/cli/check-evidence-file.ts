import { checkEvidence, evidenceCharactersMax, parseEvidence } from '../proof/index.ts';
import { ViolationError, violations } from './errors.ts';
import { evidenceJson, evidenceWords } from './evidence-words.ts';
import { runWithOutput } from './output.ts';
import { readText } from './read-text.ts';

/** What `atedb verify --evidence` is told. */
export interface CheckEvidenceSettings {
  /** `-` is standard input. */
  readonly file: string;
  /** The chain's id, 32 bytes; undefined: any. */
  readonly chainId: Buffer | undefined;
  readonly json: boolean;
}

/**
 * Check a file of evidence without a server or anything of its chain, and say what it proves.
 *
 * @throws ViolationError where it proves nothing, or is of another chain than was named.
 */
export async function checkEvidenceFile(settings: CheckEvidenceSettings): Promise<void> {
  const { file, chainId, json } = settings;
  await runWithOutput(async (output) => {
    const limits = { what: 'evidence', charactersMax: evidenceCharactersMax };
    const text = await readText(file, limits);
    const proven = await violations(async () => checkEvidence(parseEvidence(text)));
    if (chainId !== undefined && !proven.chainId.equals(chainId)) {
      throw new ViolationError(
        `the evidence is of the chain with the id ${proven.chainId.toString('hex')}, and ${chainId.toString('hex')} was named`,
      );
    }
    output.write(json ? `${evidenceJson(proven)}\n` : evidenceWords(proven));
  });
}
