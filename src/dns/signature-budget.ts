import { notValidated } from './dns-error.ts';
import type { DnsQuestion } from './message.ts';

/** Signatures that one look-up may take to check: a name below ten zones takes some twenty. Without a limit, keys that share a tag cost hours (CVE-2023-50387). */
const signaturesMax = 64;
/** Questions that it may take to find the keys of zones. */
const queriesMax = 48;

/** What is left to spend on one look-up. */
export class SignatureBudget {
  #signatures = signaturesMax;
  #queries = queriesMax;

  /** One more signature is checked. @throws AtedbError DNS_NOT_VALIDATED where that is too much. */
  takeSignature(question: DnsQuestion): void {
    this.#signatures -= 1;
    if (this.#signatures >= 0) return;
    throw notValidated('too-much', question, `it takes more than ${signaturesMax} signatures`);
  }

  /** One more question is asked. @throws AtedbError as `takeSignature`. */
  takeQuery(question: DnsQuestion): void {
    this.#queries -= 1;
    if (this.#queries >= 0) return;
    throw notValidated('too-much', question, `it takes more than ${queriesMax} questions`);
  }
}
