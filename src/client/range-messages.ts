import { AtedbError } from '../bytes/index.ts';
import { verifyConsistency } from '../crypto/index.ts';
import type { TreeHead } from '../event/index.ts';
import type { AnswerStream } from './admitted-stream.ts';
import { parseReadMessage, type StartOfHistory } from './received.ts';
import type { Replay } from './replay.ts';

/** Check that a range ends with what its replay has come to. @throws AtedbError VERIFICATION_FAILED. */
export function checkEnd(
  replay: Replay,
  head: TreeHead,
  endCommit: number,
  proof: readonly Buffer[],
): void {
  const end = replay.head();
  const good =
    end.size === endCommit &&
    verifyConsistency({
      first: end.size,
      second: head.size,
      firstRoot: end.root,
      secondRoot: head.root,
      proof,
    });
  if (!good) throw incomplete('its end is not of the tree of the head that its start names');
}

/** The first message of a range. @throws AtedbError VERIFICATION_FAILED. */
export async function readStart(stream: AnswerStream): Promise<StartOfHistory> {
  const message = await readMessage(stream);
  if (message?.kind === 'start') return message.start;
  throw incomplete('it does not say where it starts');
}

/** The next message of a range; undefined after the last. */
export async function readMessage(stream: AnswerStream) {
  const message = await stream.read();
  return message && parseReadMessage(message);
}

/** What was sent is not the range that was asked for. */
export function incomplete(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the range that the server sent is not the one asked for: ${why}. What was handed on before is part of it and verified`,
  );
}
