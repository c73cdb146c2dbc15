import { tellUser } from './progress.ts';
import { safeText } from './safe-text.ts';

/** Something that is worth a line beside the results. */
export interface ShownNotice {
  readonly kind: string;
  readonly message: string;
}

/** Make what tells a user of notices on standard error: in words, or as a line of JSON. */
export function noticeWriter(json: boolean): (notice: ShownNotice) => void {
  return ({ kind, message }) => {
    tellUser(
      json ? `${JSON.stringify({ notice: kind, message })}\n` : `atedb: ${safeText(message)}\n`,
    );
  };
}
