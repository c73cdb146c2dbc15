import { expect, test } from 'vitest';
import { complete } from './complete.ts';

const offered = ['append', 'read', '--json', '--trust', '-t', '--t', '--jump'];
const choicesOf = (flag: string) =>
  flag === 'trust' || flag === 't' ? ['centralized', 'distributed'] : undefined;
const completed = (...words: string[]) => complete({ words, offered, choicesOf });

test.each([
  ['commands where nothing is begun', ['atedb', ''], ['append', 'read']],
  ['those that begin so', ['atedb', 're'], ['read']],
  ['nothing, and so files, where nothing begins so', ['atedb', 'dump', 'data/'], []],
  ['flags where a dash is', ['atedb', '-'], ['--json', '--trust', '-t', '--jump']],
  ['those that begin so', ['atedb', 'read', '--j'], ['--json', '--jump']],
  ['what a flag can be set to', ['atedb', 'read', '--trust', ''], ['centralized', 'distributed']],
  ['… by its letter too', ['atedb', '-t', 'd'], ['distributed']],
  ['nothing for a flag that can be anything', ['atedb', 'read', '--limit', '5'], []],
])('offers %s', (_, words, due) => {
  expect(completed(...words)).toEqual(due);
});
