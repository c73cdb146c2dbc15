import { encodeFrame } from './authority-bytes.ts';
import type { AuthorityFrame } from './authority-record.ts';
import type { TreeRecording } from './tree-recording.ts';

/** Who may do what as it was at one moment, serialised a piece at a time while it goes on changing; see `TreeRecording`. */
export class AuthorityRecording {
  readonly #objects: TreeRecording;
  readonly #before: Buffer;
  readonly #behind: Buffer;

  constructor(frame: AuthorityFrame, objects: TreeRecording) {
    const { before, behind } = encodeFrame(frame);
    this.#before = before;
    this.#behind = behind;
    this.#objects = objects;
  }

  /**
   * Go through some objects more.
   *
   * @returns whether it is complete.
   */
  step(objects: number): boolean {
    return this.#objects.step(objects);
  }

  /** The pieces of the AuthoritySnapshot message. To be called once, when it is complete. */
  finish(): readonly Buffer[] {
    return [this.#before, ...this.#objects.take(), this.#behind];
  }
}
