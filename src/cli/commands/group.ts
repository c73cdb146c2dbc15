import type { Argv, CommandModule } from 'yargs';
import { accountFlags, readAccountTarget } from '../account-flags.ts';
import { chainFlags, isOn, readChainFlag, readPassphraseFlag } from '../chain-flags.ts';
import { argumentText, type ParsedArguments } from '../flags.ts';
import type { FlagTable } from '../program.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  key: { ...chainFlags.key, describe: 'Name of your key; see: atedb key' },
  passwordFile: accountFlags.passwordFile,
  totp: accountFlags.totp,
  server: accountFlags.server,
  json: accountFlags.json,
};

function withGroup(program: Argv, more: FlagTable = {}): Argv {
  return declareServerFlags(program, { ...more, ...flags }).positional('group', {
    describe: 'Name of the group',
    type: 'string',
  });
}

function withMember(program: Argv): Argv {
  return withGroup(program)
    .positional('role', {
      describe: 'owner, delegate, contributor, observer, or a role of your own naming',
      type: 'string',
    })
    .positional('member', {
      describe: 'name@domain; or a key: its name here, its fingerprint, or a file that has it',
      type: 'string',
    });
}

/** What all of the commands are told. */
function shared(parsed: ParsedArguments) {
  return {
    target: readAccountTarget(parsed),
    key: readChainFlag(flags.key, parsed),
    passwordFile: readChainFlag(flags.passwordFile, parsed),
    totp: readChainFlag(flags.totp, parsed),
    passphraseFile: readPassphraseFlag(parsed),
  };
}

const named = (parsed: ParsedArguments) => ({
  ...shared(parsed),
  group: argumentText(parsed.group),
});
const membered = (parsed: ParsedArguments) => ({
  ...named(parsed),
  role: argumentText(parsed.role),
  member: argumentText(parsed.member),
});

const createCommand: CommandModule = {
  command: 'create <group>',
  describe: 'Create a group, of which you are the owner',
  builder: (program) =>
    withGroup(program).epilogue(
      "Whoever is logged in owns it; else your key does, which only the server's own machine may do.",
    ),
  handler: async (parsed) => {
    const { createGroup } = await import('../group.ts');
    await createGroup(named(parsed));
  },
};

const addCommand: CommandModule = {
  command: 'add <group> <role> <member>',
  describe: 'Give somebody a role in a group',
  builder: (program) =>
    withMember(program)
      .example('$0 group add team contributor bob@example.com', 'Bob writes to team/…')
      .example('$0 group add team observer ci.pub', 'a key that no account is named for')
      .epilogue(
        'Who has a role has those below it: owner, delegate, contributor, then observer and others. Owners change\nall roles, delegates those from contributor on.',
      ),
  handler: async (parsed) => {
    const { addMember } = await import('../group.ts');
    await addMember(membered(parsed));
  },
};

const removeCommand: CommandModule = {
  command: 'remove <group> <role> <member>',
  describe: 'Take a role from somebody; what they could open gets other keys',
  builder: withMember,
  handler: async (parsed) => {
    const { removeMember } = await import('../group.ts');
    await removeMember(membered(parsed));
  },
};

const showCommand: CommandModule = {
  command: 'show <group>',
  describe: 'Show who has which role in a group of yours',
  builder: withGroup,
  handler: async (parsed) => {
    const { showGroup } = await import('../group.ts');
    await showGroup(named(parsed));
  },
};

const listCommand: CommandModule = {
  command: 'list',
  describe: 'List the groups in which you have a role',
  builder: (program) => declareServerFlags(program, flags),
  handler: async (parsed) => {
    const { listGroups } = await import('../group.ts');
    await listGroups(shared(parsed));
  },
};

const deleteCommand: CommandModule = {
  command: 'delete <group>',
  describe: 'Delete a group for good; its chains take nothing more',
  builder: (program) => withGroup(program, { yes: accountFlags.yes }),
  handler: async (parsed) => {
    const { deleteGroup } = await import('../group.ts');
    await deleteGroup({ ...named(parsed), isSure: isOn(accountFlags.yes, parsed) });
  },
};

/** `atedb group`: groups of users, and who has which role. */
export const groupCommand: CommandModule = {
  command: 'group',
  describe: 'Create groups, and say who has which role in them: whose chains team/… are',
  builder: (program) =>
    program
      .command(createCommand)
      .command(addCommand)
      .command(removeCommand)
      .command(showCommand)
      .command(listCommand)
      .command(deleteCommand)
      .demandCommand(1, 'after group comes create, add, remove, show, list or delete'),
  handler: () => undefined,
};
