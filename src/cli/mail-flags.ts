import { UsageError } from './errors.ts';
import { parseSwitch, parseText } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  type ParsedArguments,
  readFlag,
} from './flags.ts';

/** How users show that a name is theirs: flags of servers that have accounts. */
export const mailFlags = {
  smtpUrl: {
    name: 'smtp-url',
    describe:
      'Mail server that sends the codes of new users, as smtps://user:password@mail.example.com; with a password in it, better set the variable',
    kind: 'value',
    parse: parseSmtpUrl,
  },
  mailFrom: {
    name: 'mail-from',
    describe: 'Address that those mails come from, as atedb@example.com',
    kind: 'value',
    parse: parseMailAddress,
  },
  showCodes: {
    name: 'show-codes',
    describe:
      'Print the codes of new users here, for the operator to pass on, where there is no mail server',
    kind: 'switch',
    parse: parseSwitch,
  },
  termsFile: {
    name: 'terms-file',
    describe: 'File with the terms that whoever creates an account has to accept',
    kind: 'value',
    parse: parseText,
  },
} satisfies Record<string, Flag<unknown>>;

/** What they say. */
export interface MailSettings {
  /** How codes reach users; undefined: not at all, and only who is on this machine creates users. */
  readonly codes:
    | { readonly by: 'mail'; readonly url: URL; readonly from: string }
    | { readonly by: 'operator' }
    | undefined;
  readonly termsFile: string | undefined;
}

/** Read them. @throws UsageError for wrong flags, and those that contradict each other. */
export function readMailFlags(parsed: ParsedArguments, environment: Environment): MailSettings {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  const [url, from] = [read(mailFlags.smtpUrl), read(mailFlags.mailFrom)];
  const showCodes = read(mailFlags.showCodes);
  return {
    codes: codesBy(url, from, showCodes),
    termsFile: read(mailFlags.termsFile)?.value,
  };
}

function codesBy(
  url: Given<URL> | undefined,
  from: Given<string> | undefined,
  showCodes: Given<boolean> | undefined,
): MailSettings['codes'] {
  if (url === undefined) {
    if (from !== undefined) {
      throw new UsageError(`${from.source} is given without --smtp-url; give both, or none`);
    }
    return showCodes?.value === true ? { by: 'operator' } : undefined;
  }
  if (showCodes?.value === true) {
    throw new UsageError(
      `${url.source} and ${showCodes.source} contradict each other; leave one out`,
    );
  }
  if (from === undefined) {
    throw new UsageError(`${url.source} is given without --mail-from; give both, or none`);
  }
  return { by: 'mail', url: url.value, from: from.value };
}

function parseSmtpUrl(text: string): URL {
  const url = URL.parse(text);
  const isSmtp = url?.protocol === 'smtp:' || url?.protocol === 'smtps:';
  if (url !== null && isSmtp && url.hostname !== '') return url;
  // What is wrong may hold a password, so it isn't shown.
  throw new UsageError(
    'this is not the URL of a mail server, as smtp://mail.example.com:587 or smtps://user:password@mail.example.com',
  );
}

function parseMailAddress(text: string): string {
  if (/^[^\s@<>",;:\\]+@[^\s@<>",;:\\]+$/.test(text)) return text;
  throw new UsageError(`${JSON.stringify(text)} is not a mail address, as atedb@example.com`);
}
