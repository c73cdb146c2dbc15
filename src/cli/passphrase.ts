import { AtedbError } from '../bytes/index.ts';
import { type Passphrase, readPrivateText } from '../store/index.ts';
import { UsageError } from './errors.ts';
import { askHidden, askHiddenTwice } from './prompt.ts';

const passphraseBytesMax = 4_096;
const otherwise = 'name a file that has it, with --passphrase-file or ATE_PASSPHRASE_FILE';

/** Where a command has the passphrase of a sealed key from: a file where one is named, else the terminal. */
export function passphraseFrom(file: string | undefined): Passphrase {
  if (file !== undefined) return () => readPassphraseFile(file);
  return ({ where }) => askHidden(`Passphrase of the key in ${where}: `, otherwise);
}

/** A passphrase that is to seal a key: from a file, or from the terminal, where it is typed twice. */
export async function newPassphrase(
  file: string | undefined,
  flag: '--passphrase-file' | '--new-passphrase-file',
): Promise<string> {
  if (file !== undefined) return readPassphraseFile(file);
  const hint = `name a file that has it, with ${flag}`;
  const asked = { what: 'passphrase', otherwise: hint };
  const questions = ['New passphrase: ', 'The same again: '] as const;
  const [first, second] = await askHiddenTwice(questions, asked, (passphrase) => {
    if (passphrase === '') throw new UsageError('the passphrase is empty; choose one that is not');
  });
  if (first === second) return first;
  throw new UsageError(
    'these were two passphrases, and nothing was changed; type the same one twice',
  );
}

/** A passphrase is the text of its file, without the end of the line. */
async function readPassphraseFile(path: string): Promise<string> {
  const text = await readPrivateText(path, {
    what: 'passphrase file',
    bytesMax: passphraseBytesMax,
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase !== '') return passphrase;
  throw new AtedbError('REQUEST_INVALID', `the passphrase file ${path} is empty`, {
    metadata: { path },
  });
}
