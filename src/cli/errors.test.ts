import { expect, test } from 'vitest';
import { reportError } from './errors.ts';

/** What is said of an error of the system, and the exit code. */
function told(fields: Partial<NodeJS.ErrnoException>): [code: number, text: string] {
  let text = '';
  const error = Object.assign(new Error(`${fields.code}: as the system has it`), fields);
  const code = reportError(error, {
    command: 'atedb',
    help: 'atedb read --help',
    json: false,
    write: (part) => {
      text += part;
    },
  });
  return [code, text];
}

test('a full disk is told in words, with what is to be done', () => {
  expect(told({ code: 'ENOSPC', syscall: 'write' })).toEqual([
    1,
    'atedb: there is no room on the disk for what was to be written. Make room, and run the command again\n',
  ]);
  const [, named] = told({ code: 'EDQUOT', syscall: 'open', path: '/copies/x' });
  expect(named).toContain('no room on the disk for /copies/x. Make room');
});

test('a program that is not there is no file or folder', () => {
  const missing = { code: 'ENOENT', path: 'backup.sh' };
  expect(told({ ...missing, syscall: 'spawn backup.sh' })).toEqual([
    1,
    'atedb: there is no program backup.sh; name one that is on the PATH, or by its path\n',
  ]);
  expect(told({ ...missing, syscall: 'open' })[1]).toBe(
    'atedb: there is no file or folder backup.sh\n',
  );
});

test('what else the system says is told as it says it', () => {
  expect(told({ code: 'EIO', syscall: 'read' })).toEqual([1, 'atedb: EIO: as the system has it\n']);
});
