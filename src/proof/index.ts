export type { ProvenCheckpoint } from './check-checkpoint.ts';
export { checkProof, type ProvenEvent, type ProvenFacts } from './check-proof.ts';
export type { CommitProof, EventProof, OlderTree, Proof, ProofCheckpoint } from './proof.ts';
export { parseProof, proofCharactersMax, proofFormat, proofText } from './proof-text.ts';
