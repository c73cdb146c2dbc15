import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Authorisation as AuthorisationMessage,
  AuthorisationSchema,
  type PublicKey as PublicKeyMessage,
  PublicKeySchema,
} from '../../gen/atedb/v1/event_pb.js';
import {
  type AuthoritySnapshot,
  AuthoritySnapshotSchema,
  ChangedKeySchema,
  ObjectSnapshotSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  type Authorisation,
  authorisationBytes,
  parseAuthorisation,
  parsePublicKey,
  publicKeyBytes,
} from '../event/index.ts';
import type { AuthorityRecord, NodeRecord } from '../trust/index.ts';

/** Who may do what, as the message that is stored. */
export function toAuthoritySnapshot(record: AuthorityRecord): AuthoritySnapshot {
  const { keys, rootRules, nodes } = record;
  return create(AuthoritySnapshotSchema, {
    roots: keys.roots.map(keyMessage),
    keys: keys.others.map(keyMessage),
    changed: keys.changed.map(([fingerprint, current]) =>
      create(ChangedKeySchema, {
        fingerprint: Buffer.from(fingerprint, 'hex'),
        current: Buffer.from(current ?? '', 'hex'),
      }),
    ),
    rootRules: rulesMessage(rootRules),
    objects: nodes.map(({ key, parent, rules, isLive, isKept }) =>
      create(ObjectSnapshotSchema, {
        primaryKey: key,
        parent: parent ?? Buffer.alloc(0),
        rules: rulesMessage(rules),
        removed: !isLive,
        kept: isKept,
      }),
    ),
  });
}

/**
 * Who may do what, from a stored snapshot.
 *
 * @throws AtedbError CHAIN_DAMAGED where it isn't there.
 */
export function fromAuthoritySnapshot(snapshot: AuthoritySnapshot | undefined): AuthorityRecord {
  if (snapshot === undefined) {
    throw new AtedbError('CHAIN_DAMAGED', 'the snapshot does not say who may do what');
  }
  return {
    keys: {
      roots: snapshot.roots.map(keyOf),
      others: snapshot.keys.map(keyOf),
      changed: snapshot.changed.map(({ fingerprint, current }) => [
        Buffer.from(fingerprint).toString('hex'),
        current.length === 0 ? undefined : Buffer.from(current).toString('hex'),
      ]),
    },
    rootRules: rulesOf(snapshot.rootRules),
    nodes: snapshot.objects.map(
      ({ primaryKey, parent, rules, removed, kept }): NodeRecord => ({
        key: Buffer.from(primaryKey),
        parent: parent.length === 0 ? undefined : Buffer.from(parent),
        rules: rulesOf(rules),
        isLive: !removed,
        isKept: kept,
      }),
    ),
  };
}

// By their bytes, which have one form and one reader.

function keyMessage(key: PublicKey): PublicKeyMessage {
  return fromBinary(PublicKeySchema, publicKeyBytes(key));
}

function keyOf(message: PublicKeyMessage): PublicKey {
  return parsePublicKey(Buffer.from(toBinary(PublicKeySchema, message)));
}

function rulesMessage(rules: Authorisation): AuthorisationMessage {
  return fromBinary(AuthorisationSchema, authorisationBytes(rules));
}

function rulesOf(message: AuthorisationMessage | undefined): Authorisation {
  if (message === undefined) return {};
  return parseAuthorisation(Buffer.from(toBinary(AuthorisationSchema, message)));
}
