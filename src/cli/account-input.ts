import { AtedbError } from '../bytes/index.ts';
import { readPrivateText } from '../store/index.ts';
import { UsageError } from './errors.ts';
import type { Environment } from './flags.ts';
import { askHidden, askHiddenTwice } from './prompt.ts';

/** A secret that a command needs. */
export interface SecretInput {
  /** As questions and errors call it. */
  readonly what: string;
  /** The file that has it; undefined: none was named. */
  readonly file: string | undefined;
  /** The flag that names such a file. */
  readonly flag: string;
  /** The variable that has it. */
  readonly variable: string;
}

const bytesMax = 4_096;

/** The secret that an account is opened with, or gets. */
export const secretInputs = {
  password: { what: 'password', flag: '--password-file', variable: 'ATEDB_PASSWORD' },
  newPassword: {
    what: 'new password',
    flag: '--new-password-file',
    variable: 'ATEDB_NEW_PASSWORD',
  },
  recoveryCode: {
    what: 'recovery code',
    flag: '--recovery-code-file',
    variable: 'ATEDB_RECOVERY_CODE',
  },
} as const satisfies Record<string, Omit<SecretInput, 'file'>>;

/**
 * Get a secret: from the file that was named, else from its variable, else from the terminal, which shows nothing of it.
 *
 * @param question that the terminal is asked.
 * @throws AtedbError REQUEST_INVALID for a file that others may read; STORAGE_FAILED; UsageError where nobody can be asked.
 */
export async function readSecret(
  input: SecretInput,
  question: string,
  environment: Environment = process.env,
): Promise<string> {
  const { file, flag, variable, what } = input;
  if (file !== undefined) return readSecretFile(file, what);
  const value = environment[variable];
  if (value !== undefined && value !== '') return value;
  return askHidden(question, otherwiseOf(flag, variable), what);
}

/**
 * As `readSecret`; on the terminal it is typed twice, since nobody sees what is typed.
 *
 * @param check refuses what can't be one; asked before it is to be typed again.
 */
export async function readNewSecret(
  input: SecretInput,
  question: string,
  check: (secret: string) => void,
  environment: Environment = process.env,
): Promise<string> {
  const { flag, variable, what } = input;
  const isTyped = input.file === undefined && !environment[variable];
  if (!isTyped) {
    const secret = await readSecret(input, question, environment);
    check(secret);
    return secret;
  }
  const otherwise = otherwiseOf(flag, variable);
  const questions = [question, 'The same again: '] as const;
  const [first, second] = await askHiddenTwice(questions, { otherwise, what }, check);
  if (first === second) return first;
  throw new UsageError(`these were two ${what}s, and nothing was changed; type the same one twice`);
}

function otherwiseOf(flag: string, variable: string): string {
  return `name a file that has it, with ${flag}, or set ${variable}`;
}

/** The text of a file without the end of its line. */
async function readSecretFile(path: string, what: string): Promise<string> {
  const text = await readPrivateText(path, { what: 'password file', bytesMax });
  const secret = text.replace(/\r?\n$/, '');
  if (secret !== '') return secret;
  throw new AtedbError('REQUEST_INVALID', `the file of the ${what}, ${path}, is empty`, {
    metadata: { path },
  });
}
