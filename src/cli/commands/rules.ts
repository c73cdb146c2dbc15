import type { CommandModule } from 'yargs';
import { readChainFlag } from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import type { Flag, ParsedArguments } from '../flags.ts';
import { readObjectAt } from '../object-flags.ts';
import { admitFlags, keyChangeFlags, readAll, readRules, ruleFlags } from '../rule-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const flags = { ...ruleFlags, ...admitFlags, ...keyChangeFlags, ...writeFlags };

const notes = `Without a flag that sets anything it shows the roots, the rules of the chain and its objects or of one
object, which rule decides for it, and keys that count no more: as this client has verified it, from
the chain's first event on. KEY, OLD and NEW are names in the home folder, fingerprints, or files as
atedb key public prints them. Rules of the chain, and its keys, are changed by its roots alone.`;

/** `atedb rules`: show and set who may do what. */
export const rulesCommand: CommandModule = {
  command: 'rules <address>',
  describe: 'Show who may do what, or set it: rules, roots, keys that are replaced or revoked',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 rules ate://localhost/team/notes', 'who may do what')
      .example('$0 rules ate://localhost/team/notes --name inbox --add everyone', 'set a rule')
      .example('$0 rules ate://localhost/team/notes --replace-key bob=bob2.pub', 'rotate a key')
      .epilogue(notes),
  handler: async (parsed) => {
    refuseObject(parsed);
    const settings = {
      ...readWriteFlags(parsed),
      rules: { ...readRules(parsed), admit: readChainFlag(flags.admit, parsed) },
      replaced: readAll(flags.replaceKey, parsed),
      revoked: readAll(flags.revokeKey, parsed),
      roots: readChainFlag(flags.roots, parsed),
    };
    const { showOrSetRules } = await import('../rules.ts');
    await showOrSetRules(settings);
  },
};

/** What is about the whole chain is not about the object that is named; beside rules for that one it may stand. */
function refuseObject(parsed: ParsedArguments): void {
  if (readObjectAt(parsed).primaryKey === undefined) return;
  if (Object.values(readRules(parsed)).some((rule) => rule !== undefined)) return;
  for (const flag of [flags.admit, flags.replaceKey, flags.revokeKey, flags.roots]) {
    if (readAll(flag as Flag<unknown>, parsed).length === 0) continue;
    throw new UsageError(
      `--${flag.name} is about the whole chain: leave --name and --primary-key out`,
    );
  }
}
