export type { ProvenCheckpoint } from './check-checkpoint.ts';
export { checkEvidence, type ProvenContradiction } from './check-evidence.ts';
export { checkProof, type ProvenEvent, type ProvenFacts } from './check-proof.ts';
export { type Evidence, evidenceCharactersMax, evidenceText, parseEvidence } from './evidence.ts';
export type {
  CommitProof,
  EventProof,
  NewerTree,
  OlderTree,
  Proof,
  ProofCheckpoint,
} from './proof.ts';
export { Fields } from './proof-fields.ts';
export { parseProof, proofCharactersMax, proofFormat, proofText } from './proof-text.ts';
export {
  checkpointFields,
  readStoredCheckpoint,
  verifyStoredCheckpoint,
} from './stored-checkpoint.ts';
