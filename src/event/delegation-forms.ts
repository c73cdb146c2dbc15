import { chainKeyBytesMax, delegationChainsMax, type MessageForm } from '../bytes/index.ts';
import { delegationsField, hash32, id16, required } from './form-fields.ts';
import { magics, publicKeyForm, signatureForm } from './forms.ts';

// The strict forms of the schema's delegation.proto.

/** A key of the largest suites and as many chains as may be named, with room: nothing much larger is a header. */
const headerBytesMax = 8_192;

const signatureSeedBytes = 64;
const kemSeedBytes = 32;

export const delegationHeaderForm: MessageForm = {
  name: 'DelegationHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.delegation, required: true },
    required(hash32(2, 'issuer')),
    { number: 3, name: 'subject', kind: 'message', form: publicKeyForm, required: true },
    {
      number: 4,
      name: 'chains',
      kind: 'string',
      lengthMax: chainKeyBytesMax,
      repeated: true,
      countMax: delegationChainsMax,
      required: true,
    },
    { number: 5, name: 'may_write', kind: 'bool' },
    { number: 6, name: 'may_read', kind: 'bool' },
    { number: 7, name: 'not_before_unix_ms', kind: 'varint' },
    { number: 8, name: 'expires_unix_ms', kind: 'varint', required: true },
    required(id16(9, 'serial')),
  ],
};

export const delegationForm: MessageForm = {
  name: 'Delegation',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', lengthMax: headerBytesMax, required: true },
    { number: 2, name: 'signature', kind: 'message', form: signatureForm, required: true },
    { number: 3, name: 'possession', kind: 'message', form: signatureForm, required: true },
  ],
};

export const tokenForm: MessageForm = {
  name: 'Token',
  fields: [
    { number: 1, name: 'suite', kind: 'enum', values: [1, 2], required: true },
    { number: 2, name: 'seed', kind: 'bytes', length: signatureSeedBytes, required: true },
    { number: 3, name: 'kem_suite', kind: 'enum', values: [1] },
    { number: 4, name: 'kem_seed', kind: 'bytes', length: kemSeedBytes },
    required(delegationsField(5)),
    { number: 6, name: 'issuer', kind: 'message', form: publicKeyForm, required: true },
  ],
};
