import { AtedbError } from '../../../src/bytes/index.ts';
import { parseChainAddress, parseChainKey } from '../../../src/event/index.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const pin = 'a'.repeat(51).concat('q');
const digits = '0123456789abcdef'.repeat(4);

const goodKeys = [
  'example.com/me/mydb',
  'localhost/me/db',
  'xn--bcher-kva.example/a+b.c-d_e/0',
  'a.b/0/_',
  `${'a'.repeat(63)}.example/me/db`,
  `example.com/${'n'.repeat(63)}/db`,
  'example.com/x.chain.old/db',
  'example.com/xchain/db',
  'team/mydb',
  'x.chain/db',
  `team.one/db_1@${pin}`,
  `example.com/me/db@${pin}`,
  `g/${'a'.repeat(64)}`,
  `${'g'.repeat(63)}/db`,
];

const badKeys: readonly (readonly [string, string])[] = [
  ['', 'it is empty'],
  ['db', 'it has one part'],
  ['/db', 'an empty part'],
  ['a//b', 'an empty part'],
  ['/example.com/me/db', 'four parts'],
  ['example.com/me/db/', 'an empty database name'],
  ['a/b/c/d', 'four parts'],
  ['../db', 'a group that leads out of its folder'],
  ['example.com/../db', 'a user that leads out of its folder'],
  ['example.com/./db', 'a user that is its folder'],
  ['_sys/identity', "the server's own folder"],
  ['_sys/me/db', "the server's own folder"],
  ['Example.com/me/db', 'upper case'],
  ['example.com/Me/db', 'upper case'],
  ['example.com/me/DB', 'upper case'],
  ['example/me/db', 'a domain of one label'],
  ['-a.com/me/db', 'a label that begins with a hyphen'],
  ['a-.com/me/db', 'a label that ends with one'],
  ['a..com/me/db', 'an empty label'],
  [`${'a'.repeat(64)}.com/me/db`, 'a label of 64 characters'],
  ['exämple.com/me/db', 'not ASCII'],
  ['example.com/mé/db', 'not ASCII'],
  ['example.com/me/d-b', 'a hyphen in a database name'],
  ['example.com/me/db.log', 'a dot in a database name'],
  ['example.com/x.chain/db', 'a user whose folder would be a chain'],
  ['example.com/x.chain.new/db', 'a user whose folder would become one'],
  ['example.com/.hidden/db', 'a user that begins with a dot'],
  ['example.com/+a/db', 'a user that begins with a plus'],
  [`example.com/${'n'.repeat(64)}/db`, 'a user of 64 characters'],
  [`g/${'a'.repeat(65)}`, 'a database name of 65 characters'],
  [`${'g'.repeat(64)}/db`, 'a group of 64 characters'],
  ['g/db@tooshort', 'a fingerprint that is too short'],
  [`g/db@${'1'.repeat(52)}`, 'digits that base32 does not have'],
  [`g/db@${pin.toUpperCase()}`, 'a fingerprint in upper case'],
  [`g/db@${pin}a`, 'a fingerprint that is too long'],
  [`g/@${pin}`, 'no database name'],
  ['g/db\0', 'a NUL'],
  ['g\\x/db', 'a backslash'],
  ['g/db\n', 'a line end'],
  [' g/db', 'a space'],
  [`${'a.'.repeat(126)}aa/me/db`, 'a domain of 254 characters'],
  [`${'ab.'.repeat(65)}example/${'n'.repeat(40)}/${'d'.repeat(16)}`, 'longer than 255 bytes'],
];

const goodAddresses = [
  'ate://localhost/example.com/me/mydb',
  'ate://localhost:5001/team/db',
  'ate://DB.Example.com/team/db',
  'ate://127.0.0.1:1/team/db',
  'ate://[::1]/team/db',
  'ate://[::1]:65535/team/db',
  'ate://[2001:DB8:0:0:0:0:0:1]:7/team/db',
  'ate://[0:0:0:0:0:ffff:127.0.0.1]/team/db',
  'ws://localhost/db/example.com/me/mydb',
  'ws://host:9/db/team/db',
  `ate://host/team/db#sha256:${digits}`,
  `ws://host:5000/db/team/db#sha256:${digits}`,
];

const badAddresses: readonly (readonly [string, string])[] = [
  ['localhost/team/db', 'no scheme'],
  ['http://localhost/team/db', 'another scheme'],
  ['ate://localhost', 'no chain'],
  ['ate://localhost/', 'no chain'],
  ['ate://:5000/team/db', 'no host'],
  ['ate://localhost:0/team/db', 'port 0'],
  ['ate://localhost:65536/team/db', 'port 65536'],
  ['ate://localhost:/team/db', 'an empty port'],
  ['ate://user@host/team/db', 'a user'],
  ['ws://localhost/team/db', 'no /db/ behind the host of a ws:// address'],
  ['ate://::1/team/db', 'IPv6 without brackets'],
  ['ate://[....]/team/db', 'no IPv6 address in the brackets'],
  ['ate://[::1%eth0]/team/db', 'a zone'],
  ['ate://a b/team/db', 'a space'],
  ['ate://a\nb.example:5000/team/db', 'a line end'],
  ['ate://a\u0000b/team/db', 'a NUL'],
  ['ate://localhost/Team/db', 'a chain key that is none'],
  ['ate://localhost/team/db#', 'an empty fingerprint'],
  [`ate://localhost/team/db#${digits}`, 'a fingerprint without the name of its hash'],
  [`ate://localhost/team/db#sha1:${digits}`, 'another hash'],
  [`ate://localhost/team/db#sha256:${digits.slice(1)}`, '63 digits'],
  [`ate://localhost/team/db#sha256:${digits}0`, '65 digits'],
  [`ate://localhost/team/db#sha256:${digits.toUpperCase()}`, 'digits in upper case'],
];

/** Keys and addresses of chains. */
export function chainKeyVectors(): VectorFile {
  return {
    name: 'chain-keys',
    about:
      'Chain keys and addresses of chains. `good` has the parts of a key, of which those are absent that it has not; `bad` keys are refused with `reason`, `why` is for people. An address has `host`, `port`, `server` (`host:port`, as it is remembered), `chainKey`, `text` (as it is shown) and perhaps `pinned`, the fingerprint of the identity that the server must have.',
    madeFrom: 'src/event/chain-key.ts and src/event/address.ts',
    lists: {
      good: goodKeys.map((text) => ({ ...parseChainKey(text) })),
      bad: badKeys.map((one) => refusal(parseChainKey, one)),
      goodAddresses: goodAddresses.map((address) => {
        const { chainKey, ...parts } = parseChainAddress(address);
        return { address, ...parts, chainKey: chainKey.text };
      }),
      badAddresses: badAddresses.map((one) => refusal(parseChainAddress, one)),
    },
  };
}

function refusal(
  parse: (text: string) => unknown,
  [text, why]: readonly [string, string],
): VectorCase {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AtedbError) return { text, reason: error.reason, why };
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} is not refused`);
}
