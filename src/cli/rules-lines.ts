import type { AllowedKeys, ObjectRules, RuleKey, RulesView } from '../client/index.ts';
import { hexOrAbsent } from './event-lines.ts';
import type { KeyNames } from './key-names.ts';
import { retentionWords } from './retention-words.ts';

const confidentialWords = 'confidential: sealed, but where a rule says that everyone reads it';

/** Who may do what, in words. */
export async function rulesWords(view: RulesView, names: KeyNames): Promise<string> {
  const { sequence, isConfidential, isPrivate, admitted } = view;
  const { roots, object, objects, changedKeys } = view;
  const rows: (readonly [string, string])[] = [];
  for (const { fingerprint } of roots) rows.push(['root', await names.words(fingerprint)]);
  if (isConfidential) rows.push(['data', confidentialWords]);
  if (isPrivate) rows.push(['open', await openWords(admitted, names)]);
  if (view.retention !== undefined) rows.push(['retention', retentionWords(view.retention)]);
  rows.push(...(await objectRows(object, names)));
  if (object.primaryKey === undefined) {
    for (const one of objects) rows.push(...(await objectRows(one, names)));
  }
  for (const key of changedKeys) rows.push(['counts no more', await keyWords(key, names)]);
  rows.push(['verified', `up to sequence ${sequence}, by this client`]);
  return rows.map(([name, value]) => `${name.padEnd(16)}${value}\n`).join('');
}

async function openWords(admitted: readonly RuleKey[], names: KeyNames): Promise<string> {
  const keys = await Promise.all(admitted.map((key) => keyWords(key, names)));
  return ['private: the roots', 'keys that may write or add', ...keys].join(', ');
}

async function objectRows(
  rules: ObjectRules,
  names: KeyNames,
): Promise<(readonly [string, string])[]> {
  const { primaryKey, parent, writeAt, readAt } = rules;
  const at = (found: Buffer | undefined) => {
    if (hexOrAbsent(found) === hexOrAbsent(primaryKey)) return '';
    return found === undefined ? ', by the root of the chain' : `, by ${found.toString('hex')}`;
  };
  const below = parent === undefined ? '' : `, below ${parent.toString('hex')}`;
  const name = primaryKey === undefined ? 'the root of the chain' : primaryKey.toString('hex');
  return [
    ['object', `${name}${below}`],
    ['  write', `${await allowedWords(rules.write, names)}${at(writeAt)}`],
    ['  add', await allowedWords(rules.add, names)],
    ['  read', `${await readWords(rules, names)}${at(readAt)}`],
  ];
}

async function allowedWords(allowed: AllowedKeys, names: KeyNames): Promise<string> {
  if (allowed.kind === 'roots') return 'the roots';
  if (allowed.kind !== 'keys') return allowed.kind;
  return (await Promise.all(allowed.keys.map((key) => keyWords(key, names)))).join(', ');
}

async function readWords({ read }: ObjectRules, names: KeyNames): Promise<string> {
  if (read.kind === 'everyone') return 'everyone: it is in clear';
  if (read.kind === 'nothing yet') return 'nobody yet: set its readers with atedb share --new';
  const readers = await Promise.all(read.readers.map((key) => keyWords(key, names)));
  const who = readers.length === 0 ? 'nobody, as far as is known' : readers.join(', ');
  return `${who} (read key ${read.readKeyId.toString('hex')})`;
}

async function keyWords(key: RuleKey, names: KeyNames): Promise<string> {
  const words = await names.words(key.fingerprint);
  if (key.current?.equals(key.fingerprint) === true) return words;
  if (key.current === undefined) return `${words}, revoked`;
  return `${words}, replaced by ${await names.words(key.current)}`;
}

/** Who may do what, as a line of JSON. */
export async function rulesJson(view: RulesView, names: KeyNames): Promise<string> {
  const { sequence, isConfidential, isPrivate, admitted } = view;
  const { roots, object, objects, changedKeys } = view;
  const fields = {
    sequence,
    confidential: isConfidential,
    private: isPrivate,
    admitted: isPrivate ? await keysFields(admitted, names) : undefined,
    retention: view.retention,
    roots: await Promise.all(
      roots.map(async ({ fingerprint }) => ({
        fingerprint: fingerprint.toString('hex'),
        name: await names.nameOf(fingerprint),
      })),
    ),
    object: await objectFields(object, names),
    objects: await Promise.all(objects.map((one) => objectFields(one, names))),
    changedKeys: await keysFields(changedKeys, names),
  };
  return `${JSON.stringify(fields)}\n`;
}

async function objectFields(rules: ObjectRules, names: KeyNames): Promise<object> {
  const { primaryKey, parent, writeAt, readAt } = rules;
  return {
    key: hexOrAbsent(primaryKey),
    parent: hexOrAbsent(parent),
    write: { ...(await allowedFields(rules.write, names)), at: hexOrAbsent(writeAt) ?? 'root' },
    add: await allowedFields(rules.add, names),
    read: { ...(await readFields(rules, names)), at: hexOrAbsent(readAt) ?? 'root' },
  };
}

async function allowedFields(allowed: AllowedKeys, names: KeyNames): Promise<object> {
  if (allowed.kind !== 'keys') return { rule: allowed.kind };
  return { rule: 'keys', keys: await keysFields(allowed.keys, names) };
}

async function readFields({ read }: ObjectRules, names: KeyNames): Promise<object> {
  if (read.kind === 'everyone') return { rule: 'everyone' };
  if (read.kind === 'nothing yet') return { rule: 'unset' };
  const readers = await keysFields(read.readers, names);
  return { rule: 'sealed', readKeyId: read.readKeyId.toString('hex'), readers };
}

function keysFields(keys: readonly RuleKey[], names: KeyNames): Promise<object[]> {
  return Promise.all(
    keys.map(async ({ fingerprint, current }) => ({
      fingerprint: fingerprint.toString('hex'),
      name: await names.nameOf(fingerprint),
      revoked: current === undefined || undefined,
      replacedBy: current?.equals(fingerprint) === false ? current.toString('hex') : undefined,
    })),
  );
}

/** Who may read an object, in words. */
export async function readersWords(rules: ObjectRules, names: KeyNames): Promise<string> {
  const { primaryKey } = rules;
  const what = primaryKey === undefined ? 'the chain' : `the object ${primaryKey.toString('hex')}`;
  const { read } = rules;
  if (read.kind !== 'sealed') return `${what}: ${await readWords(rules, names)}\n`;
  const lines = await Promise.all(read.readers.map((key) => keyWords(key, names)));
  const head = `${what}: sealed with the read key ${read.readKeyId.toString('hex')}, which was given to\n`;
  return `${head}${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Who may read an object, as a line of JSON. */
export async function readersJson(rules: ObjectRules, names: KeyNames): Promise<string> {
  const { primaryKey, readAt } = rules;
  const fields = {
    key: hexOrAbsent(primaryKey),
    ...(await readFields(rules, names)),
    at: hexOrAbsent(readAt) ?? 'root',
  };
  return `${JSON.stringify(fields)}\n`;
}
