import { AtedbError } from '../bytes/index.ts';
import type { SealedState } from '../client/index.ts';
import { KeyNames } from './key-names.ts';
import type { ShownNotice } from './notices.ts';
import { countOf } from './safe-text.ts';

/** Of an event, what matters here. */
interface SealedEvent {
  readonly sequence: number;
  readonly sealed?: SealedState | undefined;
}

/** Tells of events that were not printed since they are sealed: which read keys are missing, and who can give them. */
export class SealedTeller {
  readonly #missing = new Map<string, { events: number; readonly state: SealedState }>();
  #invalid: number | undefined;

  /** An event has come. @returns whether it is the first one of a read key that is missing. */
  note({ sequence, sealed }: SealedEvent): boolean {
    if (sealed === undefined || sealed.state === 'open' || sealed.state === 'gone') return false;
    // Nobody knows whether it could be opened.
    if (sealed.state === 'omitted') return false;
    if (sealed.state === 'invalid') {
      this.#invalid ??= sequence;
      return false;
    }
    const name = sealed.readKeyId.toString('hex');
    const known = this.#missing.get(name);
    // Copied: it lies in a whole slice.
    const readKeyId = Buffer.from(sealed.readKeyId);
    if (known === undefined)
      this.#missing.set(name, { events: 1, state: { ...sealed, readKeyId } });
    else known.events += 1;
    return known === undefined;
  }

  /** What is to be told where the first event of a read key that is missing has come. */
  async notice({ sequence, sealed }: SealedEvent): Promise<ShownNotice> {
    const who = sealed === undefined ? '' : await missingWords(sealed);
    return { kind: 'read-key-missing', message: `event ${sequence} is sealed with ${who}` };
  }

  /**
   * Tell of all that were not printed.
   *
   * @throws AtedbError READ_KEY_MISSING; VERIFICATION_FAILED where data was not sealed as it says.
   */
  async end(): Promise<void> {
    const [first, ...others] = [...this.#missing.values()];
    if (first !== undefined) {
      const { events, state } = first;
      const verb = events === 1 ? 'is' : 'are';
      const more = others.reduce((sum, other) => sum + other.events, 0);
      const beside = more === 0 ? '' : `. ${countOf(more, 'event')} with other read keys, too`;
      throw new AtedbError(
        'READ_KEY_MISSING',
        `not printed: ${countOf(events, 'event')} ${verb} sealed with ${await missingWords(state)}${beside}`,
        {
          metadata: {
            read_key_id: state.readKeyId.toString('hex'),
            holders: state.holders.map((holder) => holder.toString('hex')).join(','),
          },
        },
      );
    }
    if (this.#invalid === undefined) return;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `not printed: the data of event ${this.#invalid} does not open with the read key that it names; its writer has not sealed it so`,
      { metadata: { sequence: String(this.#invalid) } },
    );
  }
}

async function missingWords({ readKeyId, holders }: SealedState): Promise<string> {
  const names = new KeyNames();
  const who = await Promise.all(holders.map((holder) => names.words(holder)));
  const ask =
    who.length === 0
      ? 'nobody was given it, as far as is known'
      : `these have it, and can give it with "atedb share" if they may change who reads: ${who.join(', ')}`;
  return `the read key ${readKeyId.toString('hex')}, which was not given to your key; ${ask}`;
}
