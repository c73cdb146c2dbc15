import { expect, test } from 'vitest';
import { UsageError } from './errors.ts';
import { keyChangeFlags, ruleFlags } from './rule-flags.ts';

const { write, add, read } = ruleFlags;

test.each([
  [write, 'everyone', { kind: 'everyone' }],
  [write, 'nobody', { kind: 'nobody' }],
  [write, 'inherit', { kind: 'inherit' }],
  [add, 'nobody', { kind: 'nobody' }],
  [read, 'inherit', { kind: 'inherit' }],
  [write, 'owner', { kind: 'keys', keys: ['owner'] }],
  [read, 'owner, alice,./bob.pub', { kind: 'keys', keys: ['owner', 'alice', './bob.pub'] }],
])('$name $1', (flag, text, rule) => {
  expect(flag.parse(text)).toEqual(rule);
});

test.each([
  [read, 'nobody', /not even you/],
  [read, 'alice,nobody', /not even you/],
  [add, 'inherit', /not inherited/],
  [write, 'everyone,owner', /stands alone/],
  [write, 'a,,b', /commas/],
  [write, '', /a rule is/],
])('$name $1 is no rule', (flag, text, message) => {
  expect(() => flag.parse(text)).toThrow(UsageError);
  expect(() => flag.parse(text)).toThrow(message);
});

test('what can stand for a rule is offered to a shell, keys apart', () => {
  expect(write.parse.choices).toEqual(['everyone', 'nobody', 'inherit', 'owner']);
  expect(add.parse.choices).toEqual(['everyone', 'nobody', 'owner']);
  expect(read.parse.choices).toEqual(['everyone', 'inherit', 'owner']);
});

test('a key and the one in its place are parted at the first sign of equality', () => {
  const { parse } = keyChangeFlags.replaceKey;
  expect(parse('old=new.pub')).toEqual({ key: 'old', successor: 'new.pub' });
  expect(parse('old=atedb-public-key-1 ab cd==')).toMatchObject({
    successor: 'atedb-public-key-1 ab cd==',
  });
  for (const text of ['old', '=new', 'old=']) expect(() => parse(text)).toThrow(/OLD=NEW/);
});

test('roots are a list', () => {
  const { parse } = keyChangeFlags.roots;
  expect(parse('a, b')).toEqual(['a', 'b']);
  expect(() => parse('a,')).toThrow(/commas/);
});
