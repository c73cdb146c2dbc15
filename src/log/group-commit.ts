/** What waits to be made durable. */
export interface Groupable {
  /** Size in bytes; counts against a group's limit. */
  readonly bytes: number;
  /** Whether a group must begin with this item. */
  readonly startsGroup: boolean;
}

/** How a queue is run. */
export interface GroupCommitOptions<T> {
  /** A group is at most this large, unless its one item is larger. */
  readonly groupBytesMax: number;
  /** Make a group durable. Called with one group at a time, in order. */
  readonly flush: (group: readonly T[]) => Promise<void>;
  /** A flush has failed: none of these will be made durable, and the queue takes no more until `resume`. */
  readonly onFailure: (items: readonly T[], error: unknown) => void;
}

/**
 * Group commit: while one group is being made durable, the next gathers. Whatever waits then goes together, so the
 * cost of a sync is shared by as many as came meanwhile, and nobody ever waits for a timer.
 */
export class GroupCommit<T extends Groupable> {
  readonly #options: GroupCommitOptions<T>;
  #queue: T[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #isPaused = false;

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  /** Bytes that wait or are being made durable. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Queue an item. Never between a failure and `resume`. */
  add(item: T): void {
    if (this.#isPaused) throw new Error('a queue that has failed takes no items');
    this.#queue.push(item);
    this.#queuedBytes += item.bytes;
    this.#running ??= this.#run();
  }

  /** Take items again, after a failure. */
  resume(): void {
    this.#isPaused = false;
  }

  /** Resolves when all that was queued is flushed or has failed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // What is queued in the same turn goes into one group.
    await undefined;
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#options.flush(group);
      } catch (error) {
        this.#isPaused = true;
        const lost = [...group, ...this.#queue];
        this.#queue = [];
        this.#queuedBytes = 0;
        this.#options.onFailure(lost, error);
        break;
      }
      for (const item of group) this.#queuedBytes -= item.bytes;
    }
    this.#running = undefined;
  }

  #takeGroup(): T[] {
    let count = 0;
    let bytes = 0;
    for (const item of this.#queue) {
      const fits = bytes + item.bytes <= this.#options.groupBytesMax;
      if (count > 0 && (item.startsGroup || !fits)) break;
      bytes += item.bytes;
      count += 1;
    }
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return group;
  }
}
