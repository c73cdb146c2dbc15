// When a chain is compacted: by how it has grown, and by the clock.

/** When chains are compacted. */
export const compactModes = [
  'never',
  'modified',
  'timer',
  'factor',
  'size',
  'factor-or-timer',
  'size-or-timer',
] as const;

export type CompactMode = (typeof compactModes)[number];

/** Other names of some of them: `immutable` says what a chain is that is never compacted, `growth-or-timer` is the manual's. */
export const compactModeAliases: Readonly<Record<string, CompactMode>> = {
  immutable: 'never',
  'growth-or-timer': 'factor-or-timer',
};

/** What starts a compaction. */
export interface CompactTriggers {
  readonly mode: CompactMode;
  /** Between two compactions, in milliseconds. */
  readonly timerMs: number;
  /** By so large a part of what was left by the last one. */
  readonly factor: number;
  /** By so many bytes. */
  readonly sizeBytes: number;
}

export const compactTriggersDefault: CompactTriggers = {
  mode: 'factor-or-timer',
  timerMs: 3_600_000,
  factor: 0.4,
  sizeBytes: 104_857_600,
};

/** Below this size growth by a factor starts nothing: small chains grow by large factors. */
export const factorBytesMin = 2 * 1024 * 1024;

/** How a chain has changed since it was compacted last. */
export interface Growth {
  /** Size of its log now, signatures and all, in bytes. */
  readonly sizeBytes: number;
  /** What growth is counted from; see `baseOf`. */
  readonly baseBytes: number;
  /** Milliseconds since the last compaction, or since the chain was first looked at. */
  readonly elapsedMs: number;
  /** Whether anything was appended since. */
  readonly isModified: boolean;
}

/** What growth is counted from: the size that the last compaction left, or a smaller one that the log has had since. */
export function baseOf(baseBytes: number, sizeBytes: number): number {
  return Math.min(baseBytes, sizeBytes);
}

/** What has made a compaction due. */
export type Trigger = 'modified' | 'timer' | 'factor' | 'size' | 'asked' | 'snapshot';

/** Which trigger makes a compaction due; undefined for none. */
export function dueTrigger(triggers: CompactTriggers, growth: Growth): Trigger | undefined {
  switch (triggers.mode) {
    case 'never':
      return undefined;
    case 'modified':
      return growth.isModified ? 'modified' : undefined;
    case 'timer':
      return byTimer(triggers, growth);
    case 'factor':
      return byFactor(triggers, growth);
    case 'size':
      return bySize(triggers, growth);
    case 'factor-or-timer':
      return byFactor(triggers, growth) ?? byTimer(triggers, growth);
    case 'size-or-timer':
      return bySize(triggers, growth) ?? byTimer(triggers, growth);
  }
}

function byTimer({ timerMs }: CompactTriggers, { elapsedMs }: Growth): Trigger | undefined {
  return elapsedMs >= timerMs ? 'timer' : undefined;
}

function bySize(
  { sizeBytes }: CompactTriggers,
  { sizeBytes: now, baseBytes }: Growth,
): Trigger | undefined {
  return now - baseBytes >= sizeBytes ? 'size' : undefined;
}

function byFactor({ factor }: CompactTriggers, { sizeBytes, baseBytes }: Growth) {
  const due = sizeBytes >= factorBytesMin && sizeBytes >= Math.floor(baseBytes * (1 + factor));
  return due ? ('factor' as const) : undefined;
}
