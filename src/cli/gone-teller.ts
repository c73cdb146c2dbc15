import { AtedbError } from '../bytes/index.ts';
import type { ChainEvent, UncheckedData } from '../client/index.ts';
import type { ShownNotice } from './notices.ts';
import { countOf } from './safe-text.ts';

/** Tells of events that were not printed since their data is not in the chain any more. */
export class GoneTeller {
  #dropped = 0;
  #redacted = 0;
  #expired = 0;
  #omitted = 0;

  /** An event has come. */
  note({ dataState }: Pick<ChainEvent, 'dataState'>): void {
    if (dataState === 'dropped') this.#dropped += 1;
    else if (dataState === 'redacted') this.#redacted += 1;
    else if (dataState === 'expired') this.#expired += 1;
    else if (dataState === 'omitted') this.#omitted += 1;
  }

  /** What is to be told of events whose data was left out as it was asked to; undefined where there are none. */
  omittedNotice(): ShownNotice | undefined {
    if (this.#omitted === 0) return undefined;
    const events = countOf(this.#omitted, 'event');
    return {
      kind: 'data-omitted',
      message: `not printed: ${events} with more data than --data-up-to lets through; atedb get ADDRESS --sequence N prints one, and --json which they are`,
    };
  }

  /** What is to be told of those whose data is gone; undefined where there are none. */
  notice(): ShownNotice | undefined {
    const why = [
      ...(this.#dropped === 0 ? [] : [`of ${this.#dropped} since something newer is there`]),
      ...(this.#expired === 0 ? [] : [`of ${this.#expired} by the chain's rule for retention`]),
      ...(this.#redacted === 0 ? [] : [`of ${this.#redacted} by a redaction`]),
    ];
    if (why.length === 0) return undefined;
    const events = countOf(this.#dropped + this.#redacted + this.#expired, 'event');
    return {
      kind: 'data-gone',
      message: `not printed: the data of ${events} is gone, ${why.join(', ')}`,
    };
  }
}

/** What is to be told of data that is gone, and of which nothing that was read shows that it may be. */
export function uncheckedNotice({ count, sequences }: UncheckedData): ShownNotice {
  const [first] = sequences;
  return {
    kind: 'data-unchecked',
    message: `the data of ${countOf(count, 'event')}, from sequence ${first} on, is gone, and whether that is allowed was not checked, since what shows it is not in the range: read to the chain's end, or verify the chain`,
  };
}

/** The data of an event that somebody wants is gone. */
export function dataGone(event: ChainEvent): AtedbError {
  const { sequence, dataState, redactedBy } = event;
  const by = redactedBy?.fingerprint?.toString('hex');
  const why =
    dataState === 'expired'
      ? "it was dropped, since the chain's rule for retention lets it go"
      : redactedBy === undefined
        ? 'it was dropped, since something newer of its object is there'
        : `the key ${by} has erased it, at sequence ${redactedBy.sequence}`;
  return new AtedbError('DATA_GONE', `the data of event ${sequence} is gone: ${why}`, {
    metadata: {
      sequence: String(sequence),
      data_state: dataState,
      ...(redactedBy === undefined ? {} : { redaction: String(redactedBy.sequence) }),
      ...(by === undefined ? {} : { fingerprint: by }),
    },
  });
}
