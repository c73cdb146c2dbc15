import {
  answeredKeysMax,
  chainKeyBytesMax,
  type MessageForm,
  ownerBytesMax,
  preconditionsMax,
  publicKeysMax,
  redactedSequencesMax,
  rootsMax,
  signersMax,
  typeNameBytesMax,
  wrappedKeyBytesMax,
  wrappedKeysMax,
} from '../bytes/index.ts';
import { delegationsField, hash32, hashes32, id16, required } from './form-fields.ts';
import { authorisationForm } from './rule-forms.ts';
import { snapshotForm } from './snapshot-forms.ts';

// The strict forms of what writers and servers seal: the schema's event.proto and log.proto, as tables. A test
// holds them against the generated descriptors, so that neither can change alone.

/** Magics: three letters and a version, as the little-endian fixed32 that the bytes spell. */
export const magics = {
  event: 0x01564541,
  seal: 0x014c5341,
  commit: 0x014d4341,
  identityRotation: 0x01524941,
  act: 0x01434141,
  accountSecrets: 0x01534141,
  vaultKeys: 0x01564141,
  authAnswer: 0x014e4141,
  delegation: 0x01474441,
} as const;

const kindNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

export const publicKeyForm: MessageForm = {
  name: 'PublicKey',
  fields: [
    { number: 1, name: 'suite', kind: 'enum', values: [1, 2], required: true },
    { number: 2, name: 'key', kind: 'bytes', required: true },
    { number: 3, name: 'kem_suite', kind: 'enum', values: [1] },
    { number: 4, name: 'kem_key', kind: 'bytes', length: 1216 },
  ],
};

export const genesisForm: MessageForm = {
  name: 'Genesis',
  fields: [
    { number: 1, name: 'chain_key', kind: 'string', lengthMax: chainKeyBytesMax, required: true },
    { number: 2, name: 'trust_mode', kind: 'enum', values: [1, 2], required: true },
    {
      number: 3,
      name: 'roots',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: rootsMax,
    },
    { number: 4, name: 'created_unix_ms', kind: 'varint', required: true },
    required(id16(5, 'salt')),
    { number: 6, name: 'server_identity', kind: 'message', form: publicKeyForm },
    { number: 7, name: 'private', kind: 'bool' },
    { number: 8, name: 'confidential', kind: 'bool' },
    { number: 9, name: 'auth_identity', kind: 'message', form: publicKeyForm },
    { number: 10, name: 'auth_answer', kind: 'bytes' },
  ],
};

export const confidentialityForm: MessageForm = {
  name: 'Confidentiality',
  fields: [
    required(hash32(1, 'read_key_id')),
    required(hash32(2, 'random')),
    required(hash32(3, 'commitment')),
  ],
};

export const wrappedKeyForm: MessageForm = {
  name: 'WrappedKey',
  fields: [
    required(hash32(1, 'read_key_id')),
    required(hash32(2, 'recipient')),
    { number: 3, name: 'wrapped', kind: 'bytes', lengthMax: wrappedKeyBytesMax, required: true },
  ],
};

export const rootsForm: MessageForm = {
  name: 'Roots',
  fields: [
    {
      number: 1,
      name: 'roots',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: rootsMax,
      required: true,
    },
  ],
};

export const keyChangeForm: MessageForm = {
  name: 'KeyChange',
  fields: [
    required(hash32(1, 'fingerprint')),
    { number: 2, name: 'successor', kind: 'message', form: publicKeyForm },
  ],
};

const changedKeyForm: MessageForm = {
  name: 'ChangedKey',
  fields: [required(hash32(1, 'fingerprint')), hash32(2, 'current')],
};

const objectSnapshotForm: MessageForm = {
  name: 'ObjectSnapshot',
  fields: [
    required(id16(1, 'primary_key')),
    id16(2, 'parent'),
    { number: 3, name: 'rules', kind: 'message', form: authorisationForm },
    { number: 4, name: 'removed', kind: 'bool' },
    { number: 5, name: 'kept', kind: 'bool' },
  ],
};

const ownerSnapshotForm: MessageForm = {
  name: 'OwnerSnapshot',
  fields: [
    { number: 1, name: 'owner', kind: 'string', lengthMax: ownerBytesMax, required: true },
    { number: 2, name: 'identity', kind: 'message', form: publicKeyForm, required: true },
    { number: 3, name: 'version', kind: 'varint' },
    { number: 4, name: 'issued_unix_ms', kind: 'varint', required: true },
    { number: 5, name: 'expires_unix_ms', kind: 'varint', required: true },
    hashes32(6, 'writers', answeredKeysMax),
    hashes32(7, 'admitted', answeredKeysMax),
    { number: 8, name: 'unverified', kind: 'bool' },
    { number: 9, name: 'removed', kind: 'bool' },
  ],
};

const knownDelegationForm: MessageForm = {
  name: 'KnownDelegation',
  fields: [
    required(hash32(1, 'subject')),
    required(hash32(2, 'issuer')),
    required(id16(3, 'serial')),
    { number: 4, name: 'may_write', kind: 'bool' },
    { number: 5, name: 'not_before_unix_ms', kind: 'varint' },
    { number: 6, name: 'expires_unix_ms', kind: 'varint', required: true },
  ],
};

/** Of the log, and of what clients keep: who may do what. */
export const authoritySnapshotForm: MessageForm = {
  name: 'AuthoritySnapshot',
  fields: [
    {
      number: 1,
      name: 'roots',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      required: true,
    },
    { number: 2, name: 'keys', kind: 'message', form: publicKeyForm, repeated: true },
    { number: 3, name: 'changed', kind: 'message', form: changedKeyForm, repeated: true },
    { number: 4, name: 'root_rules', kind: 'message', form: authorisationForm },
    { number: 5, name: 'objects', kind: 'message', form: objectSnapshotForm, repeated: true },
    { number: 6, name: 'confidential', kind: 'bool' },
    { number: 7, name: 'private', kind: 'bool' },
    { number: 8, name: 'server_identity', kind: 'message', form: publicKeyForm },
    { number: 9, name: 'owner', kind: 'message', form: ownerSnapshotForm },
    { number: 10, name: 'horizon', kind: 'varint' },
    { number: 11, name: 'snapshot', kind: 'varint' },
    {
      number: 16,
      name: 'delegations',
      kind: 'message',
      form: knownDelegationForm,
      repeated: true,
    },
  ],
};

export const redactionForm: MessageForm = {
  name: 'Redaction',
  fields: [
    {
      number: 1,
      name: 'sequences',
      kind: 'varint',
      repeated: true,
      countMax: redactedSequencesMax,
    },
    { number: 2, name: 'before_sequence', kind: 'varint' },
  ],
};

export const eventHeaderForm: MessageForm = {
  name: 'EventHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.event, required: true },
    { number: 2, name: 'kind', kind: 'enum', values: kindNumbers, required: true },
    id16(3, 'primary_key'),
    id16(4, 'parent'),
    id16(5, 'collection'),
    { number: 6, name: 'authorisation', kind: 'message', form: authorisationForm },
    { number: 7, name: 'confidentiality', kind: 'message', form: confidentialityForm },
    {
      number: 8,
      name: 'public_keys',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: publicKeysMax,
    },
    {
      number: 9,
      name: 'wrapped_keys',
      kind: 'message',
      form: wrappedKeyForm,
      repeated: true,
      countMax: wrappedKeysMax,
    },
    hashes32(10, 'sign_with', signersMax - 1),
    hash32(11, 'author'),
    { number: 12, name: 'type', kind: 'string', lengthMax: typeNameBytesMax },
    id16(13, 'reply_to'),
    { number: 14, name: 'time_unix_ms', kind: 'varint' },
    { number: 15, name: 'genesis', kind: 'message', form: genesisForm },
    { number: 16, name: 'moves', kind: 'bool' },
    { number: 17, name: 'roots', kind: 'message', form: rootsForm },
    { number: 18, name: 'key_change', kind: 'message', form: keyChangeForm },
    id16(19, 'label'),
    { number: 20, name: 'auth_answer', kind: 'bytes' },
    { number: 21, name: 'server_identity', kind: 'bytes' },
    { number: 22, name: 'snapshot', kind: 'message', form: snapshotForm },
    { number: 23, name: 'redaction', kind: 'message', form: redactionForm },
    hash32(30, 'data_hash'),
    { number: 31, name: 'data_bytes', kind: 'varint' },
  ],
};

/** The envelope only: a header is checked by itself, since it is hashed by itself. What stands for events that are gone has a form of its own. */
export const eventForm: MessageForm = {
  name: 'Event',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', required: true },
    { number: 2, name: 'data', kind: 'bytes' },
    id16(3, 'salt'),
    { number: 4, name: 'data_state', kind: 'enum', values: [1, 2, 3, 4] },
    { number: 5, name: 'redaction', kind: 'varint' },
  ],
};

export const preconditionForm: MessageForm = {
  name: 'Precondition',
  fields: [
    {
      number: 1,
      name: 'chain_unchanged',
      kind: 'message',
      oneof: 'condition',
      required: true,
      form: {
        name: 'ChainUnchanged',
        fields: [{ number: 1, name: 'since_sequence', kind: 'varint' }],
      },
    },
    {
      number: 2,
      name: 'lands_before',
      kind: 'message',
      oneof: 'condition',
      required: true,
      form: {
        name: 'LandsBefore',
        fields: [{ number: 1, name: 'sequence', kind: 'varint', required: true }],
      },
    },
    {
      number: 3,
      name: 'key_unchanged',
      kind: 'message',
      oneof: 'condition',
      required: true,
      form: {
        name: 'KeyUnchanged',
        fields: [
          required(id16(1, 'primary_key')),
          { number: 2, name: 'since_sequence', kind: 'varint' },
        ],
      },
    },
    {
      number: 4,
      name: 'fence',
      kind: 'message',
      oneof: 'condition',
      required: true,
      form: {
        name: 'Fence',
        fields: [
          required(id16(1, 'primary_key')),
          { number: 2, name: 'token', kind: 'varint', required: true },
        ],
      },
    },
  ],
};

export const sealHeaderForm: MessageForm = {
  name: 'SealHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.seal, required: true },
    required(hash32(2, 'chain_id')),
    required(hash32(3, 'writer_id')),
    required(hash32(4, 'fingerprint')),
    required(id16(5, 'writer_salt')),
    { number: 6, name: 'counter', kind: 'varint' },
    hash32(7, 'previous'),
    { number: 8, name: 'events', kind: 'uint32', required: true },
    required(hash32(9, 'events_root')),
    { number: 10, name: 'as_of_size', kind: 'varint' },
    hash32(11, 'as_of_root'),
    {
      number: 12,
      name: 'preconditions',
      kind: 'message',
      form: preconditionForm,
      repeated: true,
      countMax: preconditionsMax,
    },
  ],
};

export const signatureForm: MessageForm = {
  name: 'Signature',
  fields: [
    { number: 1, name: 'suite', kind: 'enum', values: [1, 2], required: true },
    required(hash32(2, 'fingerprint')),
    { number: 3, name: 'signature', kind: 'bytes', required: true },
  ],
};

export const sealForm: MessageForm = {
  name: 'Seal',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', required: true },
    {
      number: 2,
      name: 'signatures',
      kind: 'message',
      form: signatureForm,
      repeated: true,
      countMax: signersMax,
    },
    {
      number: 3,
      name: 'public_keys',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: signersMax,
    },
    delegationsField(4),
  ],
};

export const commitHeaderForm: MessageForm = {
  name: 'CommitHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.commit, required: true },
    { number: 2, name: 'commit', kind: 'varint' },
    { number: 3, name: 'first_sequence', kind: 'varint' },
    { number: 4, name: 'events', kind: 'uint32', required: true },
    { number: 5, name: 'time_unix_ms', kind: 'varint', required: true },
    required(hash32(6, 'seal_hash')),
  ],
};

export const commitForm: MessageForm = {
  name: 'Commit',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', required: true },
    hash32(2, 'tree_root'),
    { number: 13, name: 'batch_bytes', kind: 'fixed32', required: true },
    { number: 14, name: 'durable_offset', kind: 'fixed64' },
    { number: 15, name: 'crc32', kind: 'fixed32', presence: true, required: true },
  ],
};
