import { type FieldForm, type MessageForm, ownerBytesMax } from '../bytes/index.ts';
import { publicKeyForm } from '../event/index.ts';
import { groupMembersMax, groupRolesMax, roleNameBytesMax, roleWrapBytesMax } from './limits.ts';

// The strict forms of what groups change: see `forms.ts`.

const fingerprint = (number: number, name: string): FieldForm => ({
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

const memberForm: MessageForm = {
  name: 'GroupMember',
  fields: [
    { number: 1, name: 'account', kind: 'string', lengthMax: ownerBytesMax },
    { ...key(2, 'key'), required: true },
    key(3, 'sudo_key'),
  ],
};

const wrapForm: MessageForm = {
  name: 'RoleWrap',
  fields: [
    { ...fingerprint(1, 'recipient'), required: true },
    { number: 2, name: 'wrapped', kind: 'bytes', lengthMax: roleWrapBytesMax, required: true },
  ],
};

const roleChangeForm: MessageForm = {
  name: 'RoleChange',
  fields: [
    { number: 1, name: 'name', kind: 'string', lengthMax: roleNameBytesMax, required: true },
    key(2, 'key'),
    {
      ...{ number: 3, name: 'added', kind: 'message', form: memberForm },
      ...{ repeated: true, countMax: groupMembersMax },
    },
    { ...fingerprint(4, 'removed'), repeated: true, countMax: groupMembersMax },
    {
      ...{ number: 5, name: 'wraps', kind: 'message', form: wrapForm },
      // One for each member, and one for the role above.
      ...{ repeated: true, countMax: groupMembersMax + 1 },
    },
  ],
};

const rolesOf = (name: string): MessageForm => ({
  name,
  fields: [
    {
      ...{ number: 1, name: 'roles', kind: 'message', form: roleChangeForm },
      ...{ repeated: true, countMax: groupRolesMax, required: true },
    },
  ],
});

export const groupCreationForm = rolesOf('GroupCreation');
export const groupChangeForm = rolesOf('GroupChange');
export const groupRemovalForm: MessageForm = { name: 'GroupRemoval', fields: [] };
