export { type BatchPlace, decideBatch } from './decide-batch.ts';
export { type FoundSurvivors, type ReplayedBatch, SurvivorFinder } from './find-survivors.ts';
export {
  baseOf,
  type CompactMode,
  type CompactTriggers,
  compactModeAliases,
  compactModes,
  compactTriggersDefault,
  dueTrigger,
  type Growth,
  type Trigger,
} from './modes.ts';
export { type Counted, decisions, Tally, type TallyCounts } from './tally.ts';
export {
  type Decision,
  decideSurvival,
  type Survival,
  type SurvivalFacts,
} from './votes.ts';
export {
  activeDeadBytesMin,
  deadBytes,
  isWorthClosing,
  isWorthRewriting,
  type SegmentUse,
} from './worth.ts';
