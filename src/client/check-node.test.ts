import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkNode } from './check-node.ts';

test.each(['24.8.0', '24.8.1', '24.10.0', '26.0.0', process.versions.node])(
  '%s will do',
  (version) => {
    expect(() => checkNode(version)).not.toThrow();
  },
);

test.each(['20.20.2', '24.7.9', '22.99.0'])('%s is refused, naming the one needed', (version) => {
  expect(() => checkNode(version)).toThrow(/needs Node.js 24\.8\.0 or newer, and this is/);
});

test('it is the version that package.json asks for', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(text).engines.node).toBe('>=24.8.0');
});
