import { AtedbError } from '../bytes/index.ts';
import { type Passphrase, readPrivateText } from '../store/index.ts';
import { UsageError } from './errors.ts';
import { askHidden } from './prompt.ts';

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
  const first = await askHidden('New passphrase: ', hint);
  if (first === '') throw new UsageError('the passphrase is empty; choose one that is not');
  if ((await askHidden('The same again: ', hint)) === first) return first;
  throw new UsageError('these were two passphrases; nothing was changed');
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
