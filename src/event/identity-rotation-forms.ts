import type { MessageForm } from '../bytes/index.ts';
import { magics, publicKeyForm, signatureForm } from './forms.ts';

// The strict forms of the schema's identity.proto.

/** Two keys of the largest suite, with a KEM key each, and room: nothing much larger is a header. */
const headerBytesMax = 8_192;

export const identityRotationHeaderForm: MessageForm = {
  name: 'IdentityRotationHeader',
  fields: [
    {
      number: 1,
      name: 'magic',
      kind: 'fixed32',
      equals: magics.identityRotation,
      required: true,
    },
    { number: 2, name: 'old_identity', kind: 'message', form: publicKeyForm, required: true },
    { number: 3, name: 'new_identity', kind: 'message', form: publicKeyForm, required: true },
    { number: 4, name: 'time_unix_ms', kind: 'varint', required: true },
  ],
};

export const identityRotationForm: MessageForm = {
  name: 'IdentityRotation',
  fields: [
    { number: 1, name: 'header', kind: 'bytes', lengthMax: headerBytesMax, required: true },
    { number: 2, name: 'old_signature', kind: 'message', form: signatureForm, required: true },
    { number: 3, name: 'new_signature', kind: 'message', form: signatureForm, required: true },
  ],
};
