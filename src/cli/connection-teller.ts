import type { ShownNotice } from './notices.ts';

/** Tells of a lost server once, however many attempts it takes, and of its return. */
export class ConnectionTeller {
  readonly #notify: (notice: ShownNotice) => void;
  #isLost = false;

  constructor(notify: (notice: ShownNotice) => void) {
    this.#notify = notify;
  }

  /** An attempt failed, or the connection broke. */
  lost(cause: Error): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const message = `lost the server, trying again until it is back: ${cause.message}`;
    this.#notify({ kind: 'reconnecting', message });
  }

  /** The server has answered. */
  answered(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.#notify({ kind: 'reconnected', message: 'the server is back' });
  }
}
