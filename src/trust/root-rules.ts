import { type AdmitRule, type Authorisation, letsGo, type RetentionRule } from '../event/index.ts';
import type { Undo } from './undo.ts';

/** The rules that only the root of the chain has: who may open it besides, and for how long data is kept. */
export class RootRules {
  /** Keys in hexadecimal. */
  #admitted: ReadonlySet<string> = new Set();
  #retention: RetentionRule | undefined;

  isAdmitted(fingerprint: string): boolean {
    return this.#admitted.has(fingerprint);
  }

  get admitted(): AdmitRule {
    return [...this.#admitted].map((fingerprint) => Buffer.from(fingerprint, 'hex'));
  }

  /** Undefined: data is kept for ever. */
  get retention(): RetentionRule | undefined {
    return this.#retention;
  }

  /** As an event would set them. */
  record(): Pick<Authorisation, 'admit' | 'retain'> {
    const admit = this.#admitted.size === 0 ? undefined : this.admitted;
    return { admit, retain: this.#retention };
  }

  /** Have the rules that are said; those that aren't stay. */
  set({ admit, retain }: Authorisation, undo: Undo): void {
    if (admit === undefined && retain === undefined) return;
    const admitted = this.#admitted;
    const retention = this.#retention;
    undo.push(() => {
      this.#admitted = admitted;
      this.#retention = retention;
    });
    if (admit !== undefined) {
      this.#admitted = new Set(admit.map((fingerprint) => fingerprint.toString('hex')));
    }
    if (retain !== undefined) this.#retention = letsGo(retain) ? retain : undefined;
  }
}
