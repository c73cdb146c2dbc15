import { type FieldForm, type MessageForm, ownerBytesMax } from '../bytes/index.ts';
import { magics, publicKeyForm, signatureForm } from '../event/index.ts';
import { groupChangeForm, groupCreationForm, groupRemovalForm } from './group-forms.ts';
import {
  actHeaderBytesMax,
  actSignaturesMax,
  totpSecretBytes,
  vaultBytesMax,
  vaultKeysMax,
} from './limits.ts';

// The strict forms of the schema's account.proto.

const hash = (number: number, name: string): FieldForm => ({
  number,
  name,
  kind: 'bytes',
  length: 32,
});
const key = (number: number, name: string): FieldForm => ({
  number,
  name,
  kind: 'message',
  form: publicKeyForm,
});
const needed = (field: FieldForm): FieldForm => ({ ...field, required: true });

const userKeys = [
  key(1, 'key'),
  key(2, 'sudo_key'),
  key(3, 'recovery_key'),
  hash(4, 'secrets_hash'),
] as const;

const change = (number: number, name: string, form: MessageForm): FieldForm => ({
  number,
  name,
  kind: 'message',
  oneof: 'what',
  required: true,
  form,
});

export const actHeaderForm: MessageForm = {
  name: 'ActHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.act, required: true },
    { number: 2, name: 'account', kind: 'string', lengthMax: ownerBytesMax, required: true },
    { number: 3, name: 'version', kind: 'varint' },
    hash(4, 'previous'),
    { number: 5, name: 'time_unix_ms', kind: 'varint', required: true },
    change(10, 'user_creation', {
      name: 'UserCreation',
      fields: [needed(userKeys[0]), ...userKeys.slice(1)],
    }),
    change(11, 'secrets_change', {
      name: 'SecretsChange',
      fields: [needed(hash(1, 'secrets_hash'))],
    }),
    change(12, 'user_rotation', { name: 'UserRotation', fields: userKeys }),
    change(13, 'delegation_revocation', {
      name: 'DelegationRevocation',
      fields: [needed(hash(1, 'fingerprint'))],
    }),
    change(14, 'user_removal', { name: 'UserRemoval', fields: [] }),
    change(30, 'group_creation', groupCreationForm),
    change(31, 'group_change', groupChangeForm),
    change(32, 'group_removal', groupRemovalForm),
  ],
};

export const actForm: MessageForm = {
  name: 'Act',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', lengthMax: actHeaderBytesMax, required: true },
    {
      number: 2,
      name: 'signatures',
      kind: 'message',
      form: signatureForm,
      repeated: true,
      countMax: actSignaturesMax,
      required: true,
    },
  ],
};

const vault = (number: number, name: string): FieldForm => ({
  number,
  name,
  kind: 'bytes',
  lengthMax: vaultBytesMax,
  required: true,
});

export const accountSecretsForm: MessageForm = {
  name: 'AccountSecrets',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.accountSecrets, required: true },
    {
      number: 2,
      name: 'password',
      kind: 'message',
      required: true,
      form: {
        name: 'PasswordCosts',
        fields: [
          { number: 1, name: 'salt', kind: 'bytes', length: 16, required: true },
          { number: 2, name: 'memory_kib', kind: 'uint32', required: true },
          { number: 3, name: 'passes', kind: 'uint32', required: true },
          { number: 4, name: 'lanes', kind: 'uint32', required: true },
        ],
      },
    },
    needed(key(3, 'login_key')),
    vault(4, 'key_vault'),
    vault(5, 'sudo_vault'),
    vault(6, 'recovery_vault'),
    { number: 7, name: 'totp_secret', kind: 'bytes', lengthMax: totpSecretBytes.most },
  ],
};

export const keySeedsForm: MessageForm = {
  name: 'KeySeeds',
  fields: [
    { number: 1, name: 'suite', kind: 'enum', values: [1, 2], required: true },
    { number: 2, name: 'seed', kind: 'bytes', length: 64, required: true },
    { number: 3, name: 'kem_suite', kind: 'enum', values: [1] },
    { number: 4, name: 'kem_seed', kind: 'bytes', length: 32 },
  ],
};

export const vaultKeysForm: MessageForm = {
  name: 'VaultKeys',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.vaultKeys, required: true },
    {
      number: 2,
      name: 'keys',
      kind: 'message',
      repeated: true,
      countMax: vaultKeysMax,
      required: true,
      form: keySeedsForm,
    },
  ],
};
