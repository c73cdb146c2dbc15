import type { AccountService } from '../../auth/index.ts';
import { AtedbError } from '../../bytes/index.ts';
import type { PublicKey } from '../../crypto/index.ts';
import { type Owner, parseOwner } from '../../event/index.ts';
import type { IdentityLine } from '../../trust/index.ts';
import type { ByteBudget } from '../byte-budget.ts';
import type { Call } from '../method.ts';
import { requestInvalid } from '../methods/deps.ts';
import { ownerOf } from '../peer-owner.ts';

/** What the methods of the account service work with. */
export interface AuthServiceDeps {
  readonly service: AccountService;
  /** The server's identity key. */
  readonly identity: PublicKey;
  readonly line: IdentityLine;
  /** Whether connections over TCP are encrypted by TLS. */
  readonly hasTls: boolean;
  /** What is read and not taken yet counts here, of all callers together. */
  readonly memory: ByteBudget;
}

/** An act of a user has 25 KB at most; a group's, with its members, may have more. */
export const actBytesMax = 1_048_576;
/** An AccountSecrets message has 6 KB at most. */
export const secretsBytesMax = 16_384;
/** A code, however it is typed. */
const codeCharactersMax = 64;

/** Who makes a call, as it is counted. */
export function askerOf(call: Call): { readonly address: string; readonly isLocal: boolean } {
  return { address: ownerOf(call.peer), isLocal: call.isLocal };
}

/** Where a try to log in comes from, as it is counted; undefined: from this machine. */
export function triedFrom(call: Call): string | undefined {
  return call.isLocal ? undefined : ownerOf(call.peer);
}

/**
 * Refuse a call that others could read or change on its way.
 *
 * @throws AtedbError AUTH_LINK_UNSAFE.
 */
export function checkLink({ hasTls }: Pick<AuthServiceDeps, 'hasTls'>, call: Call): void {
  // A Unix socket has no TLS.
  if (call.exporter !== undefined || (hasTls && call.peer !== 'unix')) return;
  throw new AtedbError(
    'AUTH_LINK_UNSAFE',
    'what belongs to accounts is spoken of through the encrypted tunnel or over TLS only, and this call came without. Use an atedb command without --plain, or connect() with encryption',
  );
}

/** The user that a request names. @throws AtedbError REQUEST_INVALID. */
export function userOf(name: string): Owner {
  const owner = parseOwner(name);
  if (owner.kind === 'user') return owner;
  throw requestInvalid('account', `${name} is a group; a user is name@domain`);
}

/** Bytes of a request, which are copied. @throws AtedbError REQUEST_INVALID. */
export function bytesOf(field: string, value: Uint8Array, bytesMax: number): Buffer {
  if (value.length > 0 && value.length <= bytesMax) return Buffer.from(value);
  throw requestInvalid(field, `it is ${value.length} bytes, and must be 1 to ${bytesMax}`);
}

/** A code of a request, as it was typed. @throws AtedbError REQUEST_INVALID. */
export function codeOf(field: string, value: string): string {
  if (value.length <= codeCharactersMax) return value;
  throw requestInvalid(
    field,
    `it has ${value.length} characters, and may have ${codeCharactersMax}`,
  );
}
