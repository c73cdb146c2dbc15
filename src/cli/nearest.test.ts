import { expect, test } from 'vitest';
import { nearestOf } from './nearest.ts';

const roles = ['owner', 'delegate', 'contributor', 'observer'];

test.each([
  ['contributer', 'contributor'],
  ['contributr', 'contributor'],
  ['contribtuor', 'contributor'],
  ['oberver', 'observer'],
  ['owners', 'owner'],
  ['owner', 'owner'],
  // Three letters away.
  ['contrib', undefined],
  ['reviewer', undefined],
  ['', undefined],
])('%s is perhaps %s', (word, meant) => {
  expect(nearestOf(word, roles)).toBe(meant);
});

test('the nearest of several, and none that has little in common with the word', () => {
  expect(nearestOf('reverze', ['reserve', 'reverse'])).toBe('reverse');
  // Two of four letters are as many as are the same.
  expect(nearestOf('kill', ['kept', 'key'])).toBeUndefined();
  expect(nearestOf('jsonn', ['json'])).toBe('json');
  expect(nearestOf('ab', ['cd'])).toBeUndefined();
});
