import type { AppendEvent, AuthorityInput, Chain, Committed } from '../client/index.ts';
import { committedJson } from './append-lines.ts';
import { UsageError } from './errors.ts';
import { fingerprintOf } from './key-names.ts';
import { readersSet } from './prepare-rules.ts';
import type { SaidRules } from './rule-flags.ts';
import { objectWords, type RuleTarget, withRules } from './rule-target.ts';
import { readersJson, readersWords, rulesJson, rulesWords } from './rules-lines.ts';
import { keyNamesOf, meantRules, publicKeysOf } from './set-rules.ts';

/** What `atedb rules` is told. */
export interface RulesSettings extends RuleTarget {
  readonly rules: SaidRules;
  readonly replaced: readonly { readonly key: string; readonly successor: string }[];
  readonly revoked: readonly string[];
  readonly roots: readonly string[] | undefined;
}

/** Show who may do what, or set it. */
export async function showOrSetRules(settings: RulesSettings): Promise<void> {
  await withRules(settings, async ({ chain, output, signal, options, notify }) => {
    const { object, json } = settings;
    const meant = await meantRules(chain, settings.rules);
    let committed: Committed | undefined;
    if (meant.readers !== undefined) {
      committed = await chain.setReaders(meant.readers, object, options);
      notify(await readersSet(chain, meant.readers, objectWords(object)));
    }
    const events: AppendEvent[] = [];
    if (Object.values(meant.event).some((rule) => rule !== undefined)) {
      events.push({ kind: 'rules', ...object, ...meant.event });
    }
    if (meant.admit !== undefined) events.push({ kind: 'rules', admit: meant.admit });
    events.push(...(await keyEvents(chain, settings)));
    if (events.length > 0) committed = await chain.append(events, options);
    if (committed !== undefined) {
      if (json) output.write(`${committedJson(committed)}\n`);
      else process.stderr.write(`set, as sequence ${committed.lastSequence}\n`);
      return;
    }
    const view = await chain.rules(object, { signal });
    const names = keyNamesOf(chain);
    await output.write(json ? await rulesJson(view, names) : await rulesWords(view, names));
  });
}

/** Show who may read what. */
export async function showReaders(settings: RuleTarget): Promise<void> {
  await withRules(settings, async ({ chain, output, signal }) => {
    const { object, json } = settings;
    const view = await chain.rules(object, { signal });
    const names = keyNamesOf(chain);
    const all = object.primaryKey === undefined ? [view.object, ...view.objects] : [view.object];
    // Objects whose data is as above them are told there.
    const own = all.filter(({ primaryKey, readAt }, index) =>
      index === 0 ? true : readAt !== undefined && primaryKey?.equals(readAt) === true,
    );
    for (const one of own) {
      await output.write(json ? await readersJson(one, names) : await readersWords(one, names));
    }
  });
}

/** Events that change roots and keys; what ends the writer's own right comes last. */
async function keyEvents(chain: Chain, settings: RulesSettings): Promise<AppendEvent[]> {
  const { replaced, revoked, roots } = settings;
  const names = keyNamesOf(chain);
  const changes: AuthorityInput['keyChange'][] = [];
  for (const { key, successor } of replaced) {
    const successorKey = await names.resolvePublic(successor);
    changes.push({ key: await names.resolve(key), successor: successorKey });
  }
  for (const key of revoked) changes.push({ key: await names.resolve(key) });
  if (changes.length === 0 && roots === undefined) return [];
  const { knownKeys, objects, object, admitted } = await chain.rules();
  const ruled = [object, ...objects].flatMap(({ write, add }) =>
    [write, add].flatMap((rule) => (rule.kind === 'keys' ? rule.keys : [])),
  );
  const known = [...knownKeys, ...ruled, ...admitted].map((key) => key.fingerprint.toString('hex'));
  for (const change of changes) {
    const name = change && fingerprintOf(change.key).toString('hex');
    if (name === undefined || known.includes(name)) continue;
    throw new UsageError(
      `the chain does not know the key ${name}, so it can be neither replaced nor revoked`,
    );
  }
  const own = (await chain.ownKey()).fingerprint;
  const isOwn = (change: AuthorityInput['keyChange']) =>
    change !== undefined && fingerprintOf(change.key).equals(own);
  const events = (some: typeof changes) =>
    some.map((keyChange): AppendEvent => ({ kind: 'key_change', keyChange }));
  return [
    ...events(changes.filter((change) => !isOwn(change))),
    ...(roots === undefined
      ? []
      : [{ kind: 'roots', roots: await publicKeysOf(chain, roots, names) } as const]),
    ...events(changes.filter((change) => isOwn(change))),
  ];
}
