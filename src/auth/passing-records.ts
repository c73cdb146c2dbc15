import { knownMs } from './attempts.ts';
import {
  decodeAddress,
  decodeCodes,
  decodePlace,
  decodeSignUp,
  decodeTries,
  kindOfRecord,
} from './records.ts';
import { countOfToday, type FailureCount, isForgotten } from './tries.ts';

const totpStepMs = 30_000;
/** A code of a step that is so many before the one now counts no more, whatever clocks say. */
const totpStepsMax = 120;
/** For so long the code counts with which a sign-up is finished, and a bit. */
const signUpMs = 25 * 60 * 60 * 1_000;

/**
 * Whether a record says anything still. What it would be without it is the same, where it doesn't: failures that are forgotten, what was counted on
 * another day, codes that have expired.
 *
 * @throws AtedbError CHAIN_DAMAGED.
 */
export function isLive(data: Buffer, nowUnixMs: number): boolean {
  const counts = (count: FailureCount) => count.failures > 0 && !isForgotten(count, nowUnixMs);
  const isKnown = (successUnixMs: number) =>
    successUnixMs > 0 && nowUnixMs < successUnixMs + knownMs;
  switch (kindOfRecord(data)) {
    case 'tries': {
      const { login, totpStep } = decodeTries(data);
      return counts(login) || nowUnixMs < (totpStep + totpStepsMax) * totpStepMs;
    }
    case 'address': {
      const { failures, signUps, successUnixMs } = decodeAddress(data);
      const isOfToday = countOfToday(signUps, nowUnixMs).count > 0;
      return counts(failures) || isOfToday || isKnown(successUnixMs);
    }
    case 'place': {
      const { login, successUnixMs } = decodePlace(data);
      return isKnown(successUnixMs) || counts(login);
    }
    case 'codes':
      return decodeCodes(data).some(({ expiresUnixMs }) => nowUnixMs < expiresUnixMs);
    case 'signUp':
      return nowUnixMs < decodeSignUp(data).createdUnixMs + signUpMs;
    default:
      return true;
  }
}
