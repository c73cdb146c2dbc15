import { encodeBase32 } from '../../../src/bytes/index.ts';
import {
  emptyRoot,
  hashTags,
  leafHash,
  nodeHash,
  readKeyIdOf,
  taggedHash,
} from '../../../src/crypto/index.ts';
import {
  chainIdOf,
  childPrimaryKey,
  eventsRoot,
  primaryKeyFromName,
  rootsFingerprint,
  sealHash,
  writerIdOf,
} from '../../../src/event/index.ts';
import { fixedBytes, fixedKey } from './fixed.ts';
import type { VectorFile } from './vector-file.ts';

/** What is hashed how, each by itself. */
export function hashVectors(): VectorFile {
  const lengths = [0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 1_000];
  const chainId = fixedBytes('a chain id', 32);
  const fingerprint = fixedBytes('a fingerprint', 32);
  const parents = [undefined, fixedBytes('a parent', 16), Buffer.alloc(16)];
  const headers = lengths.map((length) => fixedBytes(`header ${length}`, length));
  const roots = ['one', 'two', 'three'].map((name) => fixedKey(name).publicKey);
  return {
    name: 'hashes',
    about:
      'The hashes of docs/format.md, each of its inputs. A tagged hash is SHA-256(length of the tag in one byte, tag, input). A child without `parent` is at the root of the chain, which hashes 16 zero bytes. `roots` are fingerprints, given unsorted, and `text` is what a chain key has behind its @.',
    madeFrom: 'src/crypto/hash.ts, src/crypto/merkle.ts and src/event',
    lists: {
      tagged: Object.values(hashTags).flatMap((tag) =>
        [0, 32, 100].map((length) => {
          const input = fixedBytes(`input ${length}`, length);
          return { tag, input, hash: taggedHash(tag, input) };
        }),
      ),
      leaves: headers.map((bytes) => ({ bytes, leaf: leafHash(bytes) })),
      nodes: headers.slice(1).map((bytes) => {
        const [left, right] = [leafHash(bytes), leafHash(Buffer.from('right'))];
        return { left, right, node: nodeHash(left, right) };
      }),
      emptyTree: [{ root: emptyRoot }],
      dataHashes: lengths.map((length) => {
        const [salt, data] = [fixedBytes('a salt', 16), fixedBytes(`data ${length}`, length)];
        return { salt, data, hash: taggedHash(hashTags.data, salt, data) };
      }),
      sealedDataHashes: lengths.slice(4).map((length) => {
        const data = fixedBytes(`sealed ${length}`, length);
        return { data, hash: taggedHash(hashTags.sealedData, data) };
      }),
      chainIds: headers.map((header) => ({ header, chainId: chainIdOf(header) })),
      sealHashes: headers.map((header) => ({ header, hash: sealHash(header) })),
      writerIds: ['first', 'second'].map((name) => {
        const salt = fixedBytes(`${name} writer salt`, 16);
        return { chainId, fingerprint, salt, writerId: writerIdOf({ chainId, fingerprint, salt }) };
      }),
      eventsRoots: [1, 2, 3, 5, 11].map((count) => {
        const some = headers.slice(0, count);
        return { headers: some, root: eventsRoot(some) };
      }),
      names: ['', 'account 1', 'ä', '😀', 'a'.repeat(300)].map((name) => ({
        name,
        primaryKey: primaryKeyFromName(name),
      })),
      children: parents.flatMap((parent) =>
        ['label', 'another'].map((name) => {
          const label = primaryKeyFromName(name);
          return { parent, label, primaryKey: childPrimaryKey(parent, label) };
        }),
      ),
      readKeys: ['first', 'second'].map((name) => {
        const readKey = fixedBytes(`${name} read key`, 32);
        return { readKey, id: readKeyIdOf(readKey) };
      }),
      rootsFingerprints: [1, 2, 3].map((count) => {
        const some = roots.slice(0, count);
        const hash = rootsFingerprint(some);
        return { roots: some.map((key) => key.fingerprint), hash, text: encodeBase32(hash) };
      }),
    },
  };
}
