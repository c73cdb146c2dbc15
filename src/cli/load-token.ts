import { delegationBytesMax, delegationsMax } from '../bytes/index.ts';
import { Token } from '../event/index.ts';
import { readPrivateText } from '../store/index.ts';
import { type TokenSource, tokenSourceWords } from './token-flag.ts';

/** As base64 has it, with the key and the mark. */
const textBytesMax = 2 * delegationBytesMax * (delegationsMax + 1);

/** Load a token. @throws AtedbError as `readPrivateText`, `Token.parse`. */
export async function loadToken(source: TokenSource): Promise<Token> {
  const text = 'file' in source ? await readTokenText(source.file) : source.text;
  return Token.parse(text, tokenSourceWords(source));
}

function readTokenText(path: string): Promise<string> {
  return readPrivateText(path, { what: 'token file', bytesMax: textBytesMax });
}
