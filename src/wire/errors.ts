import { AtedbError } from '../bytes/index.ts';

/** The refusal of a handshake. @param what what was wrong. */
export function handshakeFailed(what: string, cause?: unknown): AtedbError {
  return new AtedbError(
    'WIRE_HANDSHAKE_FAILED',
    `the handshake failed: ${what}. It was changed on the way, or one end has a defect; try again, and find out if it stays so`,
    { cause },
  );
}

/** The refusal of a frame. @param what what was wrong. */
export function frameInvalid(what: string, metadata: Record<string, string> = {}): AtedbError {
  return new AtedbError(
    'WIRE_FRAME_INVALID',
    `a frame of the tunnel is refused: ${what}. The call has ended; call again`,
    { metadata },
  );
}

/** Read what the other end has sent in a handshake. @throws AtedbError WIRE_HANDSHAKE_FAILED for what is not to be read. */
export function readingHandshake<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AtedbError) throw handshakeFailed(error.message, error);
    throw error;
  }
}
