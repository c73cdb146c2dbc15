import { admittedKeysMax, type FieldForm, type MessageForm, ruleKeysMax } from '../bytes/index.ts';
import { hash32, hashes32, required } from './form-fields.ts';
import { retentionRuleForm } from './retention.ts';

// The strict forms of rules: see `forms.ts`.

const nothing = (name: string): MessageForm => ({ name, fields: [] });

/** One way of a rule that says nothing beside its name. */
const bare = (number: number, name: string, form: string): FieldForm => ({
  number,
  name,
  kind: 'message',
  oneof: 'rule',
  required: true,
  form: nothing(form),
});

const addRuleFields: readonly FieldForm[] = [
  bare(1, 'everyone', 'Everyone'),
  bare(2, 'nobody', 'Nobody'),
  {
    number: 3,
    name: 'any_of',
    kind: 'message',
    oneof: 'rule',
    required: true,
    form: { name: 'AnyOf', fields: [required(hashes32(1, 'fingerprints', ruleKeysMax))] },
  },
];

export const addRuleForm: MessageForm = { name: 'AddRule', fields: addRuleFields };

export const writeRuleForm: MessageForm = {
  name: 'WriteRule',
  fields: [...addRuleFields, bare(4, 'inherit', 'Inherit')],
};

export const readRuleForm: MessageForm = {
  name: 'ReadRule',
  fields: [
    bare(1, 'everyone', 'Everyone'),
    { ...required(hash32(2, 'read_key_id')), oneof: 'rule' },
    bare(3, 'inherit', 'Inherit'),
  ],
};

export const admitRuleForm: MessageForm = {
  name: 'AdmitRule',
  fields: [hashes32(1, 'fingerprints', admittedKeysMax)],
};

export const authorisationForm: MessageForm = {
  name: 'Authorisation',
  fields: [
    { number: 1, name: 'write', kind: 'message', form: writeRuleForm },
    { number: 2, name: 'add', kind: 'message', form: addRuleForm },
    { number: 3, name: 'read', kind: 'message', form: readRuleForm },
    { number: 4, name: 'admit', kind: 'message', form: admitRuleForm },
    { number: 5, name: 'retain', kind: 'message', form: retentionRuleForm },
  ],
};
