import type { ClientSession } from '../wire/index.ts';
import type { BegunCall } from './call-form.ts';
import { SealedForm } from './sealed-form.ts';

/** A session that calls are made in, until another is agreed on. Its keys are forgotten when the last of its calls is over. */
export class AgreedSession {
  readonly session: ClientSession;
  #open = 0;
  #isRetired = false;

  constructor(session: ClientSession) {
    this.session = session;
  }

  /** Begin a call in it. @throws AtedbError as `ClientSession.openCall`. */
  begin(call: BegunCall): SealedForm {
    const form = new SealedForm(this.session, call, () => {
      this.#open -= 1;
      this.#checkEnd();
    });
    this.#open += 1;
    return form;
  }

  /** No more calls are begun in it. */
  retire(): void {
    this.#isRetired = true;
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#isRetired && this.#open === 0) this.session.end();
  }
}
