import { AtedbError } from '../bytes/index.ts';

/** What is asked for a passphrase, for whoever is asked. */
export interface PassphraseRequest {
  /** The path of the key's file, or what else its text is called. */
  readonly where: string;
  /** Of the key, in hexadecimal. */
  readonly fingerprint: string;
}

/** A passphrase, or who knows it: asked only where a key is sealed. */
export type Passphrase = string | ((request: PassphraseRequest) => string | Promise<string>);

/** Ask for the passphrase of a sealed key. @throws AtedbError REQUEST_INVALID where there is nobody to be asked. */
export async function askPassphrase(
  passphrase: Passphrase | undefined,
  request: PassphraseRequest,
): Promise<string> {
  if (typeof passphrase === 'string') return passphrase;
  if (passphrase !== undefined) return passphrase(request);
  throw new AtedbError(
    'REQUEST_INVALID',
    `the key in ${request.where} is sealed with a passphrase, and none was given`,
    { metadata: { field: 'passphrase', fingerprint: request.fingerprint } },
  );
}
