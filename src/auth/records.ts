import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AccountRecord as AccountMessage,
  type AccountRecordSchema as AccountMessageSchema,
  type AuthRecord,
  AuthRecordSchema,
  ChangedKeyRole,
  type FailureCount as FailureMessage,
} from '../../gen/atedb/v1/auth_store_pb.js';
import type { PublicKey as PublicKeyMessage } from '../../gen/atedb/v1/event_pb.js';
import type { AccountState, ChangedKey } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { PublicKey } from '../crypto/index.ts';
import { parseOwner } from '../event/index.ts';
import { fromGroup, toGroup } from './group-records.ts';
import type { AccountNotes } from './owner-keys.ts';
import type { DayCount, FailureCount } from './tries.ts';

/** What is kept of an account. */
export interface AccountRecord extends AccountNotes {
  readonly state: AccountState;
  /** The AccountSecrets message of which the state has the hash; undefined where it has none. */
  readonly secrets: Buffer | undefined;
  /** By the server's clock: milliseconds since 1970-01-01 UTC. */
  readonly createdUnixMs: number;
  /** Acts that were taken. */
  readonly acts: DayCount;
}

/** Tries to log in to an account, whether or not there is one. */
export interface TriesRecord {
  readonly login: FailureCount;
  /** The last step of which a one-time code was used. */
  readonly totpStep: number;
}

/** What came from one address. */
export interface AddressRecord {
  readonly failures: FailureCount;
  /** Accounts created, and codes asked for. */
  readonly signUps: DayCount;
  /** When somebody from it was let in, to a day: milliseconds since 1970-01-01 UTC. */
  readonly successUnixMs: number;
}

/** Tries to log in to an account from an address from which somebody was let in to it. */
export interface PlaceRecord {
  readonly login: FailureCount;
  /** When somebody was let in, to a day: milliseconds since 1970-01-01 UTC. 0: nobody was. */
  readonly successUnixMs: number;
}

/** A user who has not shown yet that the mail address is theirs. */
export interface SignUpRecord {
  /** An Act message. */
  readonly act: Buffer;
  /** An AccountSecrets message. */
  readonly secrets: Buffer;
  /** When it was asked for: milliseconds since 1970-01-01 UTC. */
  readonly createdUnixMs: number;
}

/** A code that was sent. */
export interface CodeRecord {
  readonly mac: Buffer;
  readonly expiresUnixMs: number;
  /** From which network it was asked for. */
  readonly network: string;
}

const roleNumbers: Record<ChangedKey['role'], ChangedKeyRole> = {
  key: ChangedKeyRole.KEY,
  delegated: ChangedKeyRole.DELEGATED,
  acts: ChangedKeyRole.ACTS,
  group: ChangedKeyRole.OF_GROUP,
};
const rolesByNumber = new Map(
  Object.entries(roleNumbers).map(([role, number]) => [number, role as ChangedKey['role']]),
);

export function encodeAccount(record: AccountRecord): Buffer {
  const { state, secrets, changes, isUnverified, createdUnixMs, acts } = record;
  const value = {
    account: state.account.text,
    version: BigInt(state.version),
    head: state.head,
    actsBytes: BigInt(state.actsBytes),
    removed: state.isRemoved,
    changed: state.changed.map(({ fingerprint, version, role, roleName = '' }) => ({
      ...{ fingerprint, version: BigInt(version), role: roleNumbers[role], roleName },
    })),
    kind: kindOf(state),
    changes: BigInt(changes),
    unverified: isUnverified,
    ...(secrets && { secrets }),
    createdUnixMs: BigInt(createdUnixMs),
    dayUnixMs: BigInt(acts.dayUnixMs),
    acts: BigInt(acts.count),
  };
  return encode({ case: 'account', value });
}

export function decodeAccount(data: Buffer): AccountRecord {
  const message = decode(data, 'account');
  return {
    state: stateOf(message),
    changes: Number(message.changes),
    isUnverified: message.unverified,
    secrets: present(message.secrets),
    createdUnixMs: Number(message.createdUnixMs),
    acts: dayOf(message.dayUnixMs, message.acts),
  };
}

function kindOf(
  state: AccountState,
): NonNullable<MessageInitShape<typeof AccountMessageSchema>['kind']> {
  if (state.kind === 'group') return { case: 'group', value: toGroup(state.roles) };
  const { key, sudoKey, recoveryKey, secretsHash } = state;
  return {
    case: 'user',
    value: {
      key: key.toFields(),
      ...(sudoKey && { sudoKey: sudoKey.toFields() }),
      ...(recoveryKey && { recoveryKey: recoveryKey.toFields() }),
      ...(secretsHash && { secretsHash }),
    },
  };
}

function stateOf(message: AccountMessage): AccountState {
  const { kind } = message;
  const state = {
    account: parseOwner(message.account),
    version: Number(message.version),
    head: Buffer.from(message.head),
    actsBytes: Number(message.actsBytes),
    changed: message.changed.map(({ fingerprint, version, role, roleName }) => ({
      fingerprint: Buffer.from(fingerprint),
      version: Number(version),
      role: rolesByNumber.get(role) ?? 'acts',
      ...(roleName !== '' && { roleName }),
    })),
    isRemoved: message.removed,
  };
  if (kind.case === 'group') return { kind: 'group', ...state, roles: fromGroup(kind.value) };
  if (kind.case !== 'user') throw damaged('it is of no kind that is known');
  const { key, sudoKey, recoveryKey, secretsHash } = kind.value;
  const root = keyOf(key);
  if (root === undefined) throw damaged('it has no key');
  return {
    kind: 'user',
    ...state,
    key: root,
    sudoKey: keyOf(sudoKey),
    recoveryKey: keyOf(recoveryKey),
    secretsHash: present(secretsHash),
  };
}

export function encodeAct(act: Buffer): Buffer {
  return encode({ case: 'act', value: { act } });
}

export function decodeAct(data: Buffer): Buffer {
  return Buffer.from(decode(data, 'act').act);
}

export function encodeTries({ login, totpStep }: TriesRecord): Buffer {
  return encode({
    case: 'tries',
    value: { login: toFailures(login), totpStep: BigInt(totpStep) },
  });
}

/** @param data undefined: nothing was tried yet. */
export function decodeTries(data: Buffer | undefined): TriesRecord {
  const message = data && decode(data, 'tries');
  return { login: fromFailures(message?.login), totpStep: Number(message?.totpStep ?? 0n) };
}

export function encodeAddress({ failures, signUps, successUnixMs }: AddressRecord): Buffer {
  return encode({
    case: 'address',
    value: {
      failures: toFailures(failures),
      dayUnixMs: BigInt(signUps.dayUnixMs),
      signUps: BigInt(signUps.count),
      successUnixMs: BigInt(successUnixMs),
    },
  });
}

/** @param data undefined: nothing came from it yet. */
export function decodeAddress(data: Buffer | undefined): AddressRecord {
  const message = data && decode(data, 'address');
  return {
    failures: fromFailures(message?.failures),
    signUps: dayOf(message?.dayUnixMs, message?.signUps),
    successUnixMs: Number(message?.successUnixMs ?? 0n),
  };
}

export function encodePlace({ login, successUnixMs }: PlaceRecord): Buffer {
  return encode({
    case: 'place',
    value: { login: toFailures(login), successUnixMs: BigInt(successUnixMs) },
  });
}

/** @param data undefined: nobody was let in from there. */
export function decodePlace(data: Buffer | undefined): PlaceRecord {
  const message = data && decode(data, 'place');
  return {
    login: fromFailures(message?.login),
    successUnixMs: Number(message?.successUnixMs ?? 0n),
  };
}

export function encodeSignUp({ createdUnixMs, ...record }: SignUpRecord): Buffer {
  return encode({ case: 'signUp', value: { ...record, createdUnixMs: BigInt(createdUnixMs) } });
}

export function decodeSignUp(data: Buffer): SignUpRecord {
  const { act, secrets, createdUnixMs } = decode(data, 'signUp');
  return {
    act: Buffer.from(act),
    secrets: Buffer.from(secrets),
    createdUnixMs: Number(createdUnixMs),
  };
}

/** Of which kind a record is. @throws AtedbError CHAIN_DAMAGED. */
export function kindOfRecord(data: Buffer): AuthRecord['record']['case'] {
  try {
    return fromBinary(AuthRecordSchema, data).record.case;
  } catch (cause) {
    throw damaged('it is none', cause);
  }
}

export function encodeCodes(codes: readonly CodeRecord[]): Buffer {
  const sent = codes.map(({ mac, expiresUnixMs, network }) => ({
    ...{ mac, expiresUnixMs: BigInt(expiresUnixMs), network },
  }));
  return encode({ case: 'codes', value: { sent } });
}

/** @param data undefined: none was sent yet. */
export function decodeCodes(data: Buffer | undefined): readonly CodeRecord[] {
  if (data === undefined) return [];
  return decode(data, 'codes').sent.map(({ mac, expiresUnixMs, network }) => ({
    ...{ mac: Buffer.from(mac), expiresUnixMs: Number(expiresUnixMs), network },
  }));
}

/** @param data undefined: in none. */
export function decodeGroups(data: Buffer | undefined): readonly string[] {
  return data === undefined ? [] : decode(data, 'groups').groups;
}

export function encodeGroups(groups: readonly string[]): Buffer {
  return encode({ case: 'groups', value: { groups: [...groups] } });
}

type RecordCase = NonNullable<AuthRecord['record']['case']>;
type RecordValue<Case extends RecordCase> = Extract<AuthRecord['record'], { case: Case }>['value'];

function encode(record: NonNullable<MessageInitShape<typeof AuthRecordSchema>['record']>): Buffer {
  const bytes = toBinary(AuthRecordSchema, create(AuthRecordSchema, { record }));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode<Case extends RecordCase>(data: Buffer, due: Case): RecordValue<Case> {
  let found: AuthRecord;
  try {
    found = fromBinary(AuthRecordSchema, data);
  } catch (cause) {
    throw damaged('it is none', cause);
  }
  if (found.record.case !== due)
    throw damaged(`it is of the kind ${found.record.case}, not ${due}`);
  return found.record.value as RecordValue<Case>;
}

function toFailures({ failures, lastUnixMs, lockedUntilUnixMs }: FailureCount) {
  return {
    failures: BigInt(failures),
    lastUnixMs: BigInt(lastUnixMs),
    lockedUntilUnixMs: BigInt(lockedUntilUnixMs),
  };
}

function fromFailures(message: FailureMessage | undefined): FailureCount {
  return {
    failures: Number(message?.failures ?? 0n),
    lastUnixMs: Number(message?.lastUnixMs ?? 0n),
    lockedUntilUnixMs: Number(message?.lockedUntilUnixMs ?? 0n),
  };
}

function dayOf(dayUnixMs = 0n, count = 0n): DayCount {
  return { dayUnixMs: Number(dayUnixMs), count: Number(count) };
}

function keyOf(message: PublicKeyMessage | undefined): PublicKey | undefined {
  return message && PublicKey.fromFields(message);
}

function present(bytes: Uint8Array): Buffer | undefined {
  return bytes.length === 0 ? undefined : Buffer.from(bytes);
}

function damaged(why: string, cause?: unknown): AtedbError {
  return new AtedbError('CHAIN_DAMAGED', `a record of accounts can't be read: ${why}`, { cause });
}
