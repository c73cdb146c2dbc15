import { expect, onTestFinished, test, vi } from 'vitest';
import { isCi, machineHas } from './machine-has.ts';

const missing = { isThere: false, what: 'a moon', remedy: 'wait for the night' };

test('what a machine has not is told, and in CI an error', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    write.mockRestore();
  });
  expect(machineHas(missing, {})).toBe(false);
  expect(String(write.mock.calls)).toMatch(/skipped.*a moon\. To have it, wait for the night/);
  expect(() => machineHas(missing, { CI: 'true' })).toThrow(/a moon\. To have it, wait for/);
  for (const CI of ['true', '1', '', undefined]) {
    expect(machineHas({ ...missing, isThere: true }, { CI })).toBe(true);
  }
  expect(['true', '1', 'false', '0', '', undefined].map((CI) => isCi({ CI }))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
