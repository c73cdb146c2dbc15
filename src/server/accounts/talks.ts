import { AtedbError } from '../../bytes/index.ts';
import type { BidiStreamMethod, Call } from '../method.ts';
import { type LimitOf, Places } from '../places.ts';

/**
 * Streams at once on which it is being shown who calls. Anybody may begin one, with a name that they make up, so they aren't counted with those of
 * chains, which they would else keep out.
 */
const talksMax = 4_096;
/** Those of one address among them. The own machine may be a proxy for all. */
const talksPerAddressMax = 64;
/** Milliseconds for a message that shows something: time enough to hash a password on a slow machine. */
const messageMsMax = 60_000;

/** The streams on which it is being shown who calls, of which there may be so many. */
export class Talks {
  readonly #places = new Places({ max: talksMax, perAddressMax: talksPerAddressMax, refusal });

  /** Have a method take no more calls than there may be. */
  limited(method: BidiStreamMethod): BidiStreamMethod {
    return {
      kind: 'bidi_streaming',
      hasOwnLimit: true,
      handle: async (call) => {
        const leave = this.enter(call);
        try {
          await method.handle(call);
        } finally {
          leave();
        }
      },
    };
  }

  /**
   * Count one in. Returns what counts it out again, to be called once.
   *
   * @throws AtedbError TOO_MANY_STREAMS, naming the limit.
   */
  enter({ peer, isLocal }: Pick<Call, 'peer' | 'isLocal'>): () => void {
    return this.#places.enter({ peer, isExempt: isLocal });
  }
}

/** The messages of a stream, each of which has to come in time. @throws AtedbError REQUEST_TOO_SLOW; as `requests`. */
export async function* inTime(
  requests: AsyncIterable<Buffer>,
  limitMs = messageMsMax,
): AsyncGenerator<Buffer> {
  const coming = requests[Symbol.asyncIterator]();
  for (;;) {
    const next = await nextWithin(coming, limitMs);
    if (next.done === true) return;
    yield next.value;
  }
}

/** The next message of a stream. @throws as `inTime`. */
export async function nextWithin(
  coming: AsyncIterator<Buffer>,
  limitMs = messageMsMax,
): Promise<IteratorResult<Buffer, unknown>> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow(limitMs)), Math.max(0, limitMs));
  try {
    return await Promise.race([coming.next(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function refusal(limit: number, of: LimitOf): AtedbError {
  const which = of === 'address' ? 'from your address are open' : 'are open on this server';
  return new AtedbError(
    'TOO_MANY_STREAMS',
    `${limit} streams that show who calls ${which}, which is the limit; retry later`,
    { metadata: { limit_streams: String(limit) } },
  );
}

function tooSlow(limitMs: number): AtedbError {
  return new AtedbError(
    'REQUEST_TOO_SLOW',
    `the next message of the stream did not come within ${Math.ceil(limitMs)} ms. Begin again`,
    { metadata: { limit_ms: String(Math.ceil(limitMs)) } },
  );
}
