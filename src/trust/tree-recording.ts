import { NodeWriter } from './node-writer.ts';
import { type RecordedNode, storedNode } from './tree-node.ts';

/**
 * The objects of a tree as they were at one moment, serialised a few at a time while the tree goes on: what is about to change is
 * serialised first. So nobody waits until a million objects are.
 */
export class TreeRecording {
  readonly #nodes: Iterator<RecordedNode>;
  readonly #number: number;
  readonly #writer = new NodeWriter();

  /**
   * @param nodes those of the tree, as they are when they are come to.
   * @param number that nodes have once they are in it. Those that are new have it from the start.
   */
  constructor(nodes: Iterator<RecordedNode>, number: number) {
    this.#nodes = nodes;
    this.#number = number;
  }

  /** Have a node in it as it is now, unless it is there. To be called before it changes, or goes. */
  keep(node: RecordedNode): void {
    if (node.recorded === this.#number) return;
    node.recorded = this.#number;
    this.#writer.add(storedNode(node));
  }

  /**
   * Go through some nodes more.
   *
   * @returns whether it is complete.
   */
  step(nodes: number): boolean {
    for (let count = 0; count < nodes; count += 1) {
      const { done, value } = this.#nodes.next();
      if (done) return true;
      this.keep(value);
    }
    return false;
  }

  /** The bytes of what it has and hasn't given yet. */
  take(): Buffer[] {
    return this.#writer.finish();
  }
}
