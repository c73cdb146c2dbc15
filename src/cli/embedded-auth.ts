import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { CodeMessage, CodeSender } from '../auth/index.ts';
import type { EmbeddedAuth } from '../server/index.ts';
import { UsageError } from './errors.ts';
import type { MailSettings } from './mail-flags.ts';
import { safeText } from './safe-text.ts';

const termsBytesMax = 65_536;

/** The accounts of a server, as its command line says. @throws UsageError for terms that can't be read. */
export async function embeddedAuth(
  { codes, termsFile }: MailSettings,
  logger: Logger,
): Promise<EmbeddedAuth> {
  return {
    codeSender: await codeSenderOf(codes, logger),
    terms: termsFile === undefined ? undefined : await readTerms(termsFile),
  };
}

async function codeSenderOf(
  codes: MailSettings['codes'],
  logger: Logger,
): Promise<CodeSender | undefined> {
  if (codes === undefined) return undefined;
  if (codes.by === 'operator') return operatorSender;
  const { MailSender } = await import('../auth/index.ts');
  const { url, from } = codes;
  return MailSender.create({
    ...{ url, from },
    onFailure: (err) => logger.error({ err }, 'a mail with a code could not be sent'),
  });
}

/** Shows codes to whoever runs the server. Not in its log, which others keep and read. */
const operatorSender: CodeSender = {
  how: 'operator',
  send: async ({ account, code, about }: CodeMessage) => {
    process.stdout.write(`code for ${safeText(account)}, to ${safeText(about)}: ${code}\n`);
  },
};

async function readTerms(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.trim() !== '' && Buffer.byteLength(text) <= termsBytesMax) return text;
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`--terms-file: ${path} can't be read: ${message}`);
  }
  throw new UsageError(`--terms-file: ${path} is empty, or larger than ${termsBytesMax} bytes`);
}
