import {
  answeredChangesMax,
  answeredKeysMax,
  answerHeaderBytesMax,
  identityRotationsMax,
  type MessageForm,
  ownerBytesMax,
  rootsMax,
} from '../bytes/index.ts';
import { hash32, hashes32, required } from './form-fields.ts';
import { magics, publicKeyForm, signatureForm } from './forms.ts';
import { identityRotationForm } from './identity-rotation-forms.ts';

// The strict forms of the schema's answer.proto.

const answeredChangeForm: MessageForm = {
  name: 'AnsweredChange',
  fields: [required(hash32(1, 'fingerprint')), hash32(2, 'successor')],
};

export const authAnswerHeaderForm: MessageForm = {
  name: 'AuthAnswerHeader',
  fields: [
    { number: 1, name: 'magic', kind: 'fixed32', equals: magics.authAnswer, required: true },
    { number: 2, name: 'owner', kind: 'string', lengthMax: ownerBytesMax, required: true },
    { number: 3, name: 'version', kind: 'varint' },
    { number: 4, name: 'issued_unix_ms', kind: 'varint', required: true },
    { number: 5, name: 'expires_unix_ms', kind: 'varint', required: true },
    {
      number: 6,
      name: 'roots',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: rootsMax,
      required: true,
    },
    {
      number: 7,
      name: 'writers',
      kind: 'message',
      form: publicKeyForm,
      repeated: true,
      countMax: answeredKeysMax,
    },
    hashes32(8, 'admitted', answeredKeysMax),
    {
      number: 9,
      name: 'changed',
      kind: 'message',
      form: answeredChangeForm,
      repeated: true,
      countMax: answeredChangesMax,
    },
    { number: 10, name: 'unverified', kind: 'bool' },
    { number: 11, name: 'removed', kind: 'bool' },
    { number: 12, name: 'identity', kind: 'message', form: publicKeyForm, required: true },
  ],
};

export const authAnswerForm: MessageForm = {
  name: 'AuthAnswer',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', lengthMax: answerHeaderBytesMax, required: true },
    { number: 2, name: 'signature', kind: 'message', form: signatureForm, required: true },
    {
      number: 3,
      name: 'rotations',
      kind: 'message',
      form: identityRotationForm,
      repeated: true,
      countMax: identityRotationsMax,
    },
  ],
};
