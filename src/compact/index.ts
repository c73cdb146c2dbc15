export { type BatchPlace, decideBatch } from './decide-batch.ts';
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
export type { Decision } from './votes.ts';
export {
  activeDeadBytesMin,
  deadBytes,
  isWorthClosing,
  isWorthRewriting,
  type SegmentUse,
} from './worth.ts';
