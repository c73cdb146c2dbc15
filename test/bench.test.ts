import { expect, test } from 'vitest';
import { fillDocument } from '../bench/report/fill-document.ts';
import { median, percentile } from '../bench/statistics.ts';
import { judge, p99AtMost, rateAtLeast } from '../bench/target.ts';

test('a document is filled in between its marks, again and again', () => {
  const [begin, end] = [
    '<!-- figures: npm run bench -- table RUN.json THIS.md -->',
    '<!-- end of figures -->',
  ];
  const document = `before\n\n${begin}\n\nold\n\n${end}\n\nafter\n`;
  const filled = fillDocument(document, 'new');
  expect(filled).toBe(`before\n\n${begin}\n\nnew\n\n${end}\n\nafter\n`);
  expect(fillDocument(filled, 'new')).toBe(filled);
  expect(() => fillDocument(`${begin} ${begin} ${end}`, 'new')).toThrow('once each');
  expect(() => fillDocument('nothing', 'new')).toThrow('once each');
});

test('targets are judged at their bounds', () => {
  const medians = (ours: object) => ({ ours, floors: [], ratio: undefined });
  expect(judge(rateAtLeast(100, 'events'), medians({ rate: 100 })).isMet).toBe(true);
  expect(judge(rateAtLeast(100, 'events'), medians({ rate: 99 })).isMet).toBe(false);
  expect(judge(p99AtMost(3), medians({ p50Us: 10, p99Us: 30 })).isMet).toBe(true);
  expect(judge(p99AtMost(3), medians({ p50Us: 10, p99Us: 31 })).isMet).toBe(false);
  // Where a figure is missing, nothing is met.
  expect(judge(p99AtMost(3), medians({})).isMet).toBe(false);
});

test('medians and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentile(hundred, 0.5)).toBe(51);
  expect(percentile(hundred, 0.99)).toBe(100);
});
