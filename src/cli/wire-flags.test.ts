import { describe, expect, test } from 'vitest';
import { readClientEncryption, readServerEncryption } from './wire-flags.ts';

const on = { 'wire-encryption': '192' };
const off = { 'no-wire-encryption': true };

describe('a server requires', () => {
  test.each([
    ['centralized', {}, {}, 128],
    ['distributed', {}, {}, undefined],
    ['centralized', off, {}, undefined],
    ['centralized', on, {}, 192],
    ['distributed', on, {}, 192],
    ['centralized', { ...on, ...off }, {}, 192],
    ['distributed', {}, { ATE_WIRE_ENCRYPTION: '256' }, 256],
    ['centralized', off, { ATE_WIRE_ENCRYPTION: '256' }, 256],
    ['centralized', {}, { ATE_NO_WIRE_ENCRYPTION: 'true' }, undefined],
  ] as const)('%s, %j, %j: %s', (trustMode, parsed, environment, keyBits) => {
    expect(readServerEncryption(parsed, environment, trustMode)).toBe(keyBits);
  });
});

describe('a command insists on', () => {
  test.each([
    [{}, {}, 'auto'],
    [off, {}, 'auto'],
    [{ plain: true }, {}, 'plain'],
    [on, {}, 192],
    [{ plain: true }, { ATE_WIRE_ENCRYPTION: '256' }, 'plain'],
    [on, { ATE_PLAIN: 'true' }, 192],
  ] as const)('%j, %j: %s', (parsed, environment, encryption) => {
    expect(readClientEncryption(parsed, environment)).toBe(encryption);
  });

  test('one thing', () => {
    expect(() => readClientEncryption({ ...on, plain: true }, {})).toThrow(
      '--wire-encryption and --plain contradict each other; leave one out',
    );
  });
});
