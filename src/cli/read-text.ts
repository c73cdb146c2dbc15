import { UsageError } from './errors.ts';
import { openInput } from './input.ts';

/**
 * Read a file that is a text, or standard input where it is `-`.
 *
 * @throws UsageError for a folder, and for more than a text of so many characters can be; the system's error.
 */
export async function readText(
  file: string,
  { what, charactersMax }: { readonly what: string; readonly charactersMax: number },
): Promise<string> {
  const { stream } = await openInput(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    // A character takes at most four bytes.
    if (bytes > 4 * charactersMax) throw new UsageError(`${file} is too large to be ${what}`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
