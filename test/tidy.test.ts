import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Which rooms a room may import: lower ones only, so that none of these lists can name a later room. */
const roomsBelow: Record<string, readonly string[]> = {
  bytes: [],
  crypto: ['bytes'],
  event: ['bytes', 'crypto'],
  account: ['bytes', 'crypto', 'event'],
  store: ['bytes', 'crypto'],
  dns: ['bytes', 'event'],
  log: ['bytes', 'crypto', 'event'],
  trust: ['bytes', 'crypto', 'event'],
  proof: ['bytes', 'crypto', 'event', 'trust'],
  wire: ['bytes', 'crypto', 'event'],
  work: ['bytes', 'crypto', 'event', 'trust'],
  verify: ['bytes', 'crypto', 'event', 'log', 'trust', 'work'],
  compact: ['bytes', 'crypto', 'event', 'trust'],
  chain: ['bytes', 'crypto', 'event', 'log', 'trust', 'compact'],
  auth: ['bytes', 'crypto', 'event', 'account', 'store', 'log', 'trust', 'chain'],
  server: [
    ...['bytes', 'crypto', 'event', 'account', 'store', 'log', 'trust', 'work'],
    ...['wire', 'compact', 'chain', 'auth'],
  ],
  client: [
    ...['bytes', 'crypto', 'event', 'account', 'store', 'dns', 'trust', 'proof', 'work', 'wire'],
    'compact',
  ],
  cli: [
    ...['bytes', 'crypto', 'event', 'account', 'store', 'dns', 'log', 'trust', 'proof', 'verify'],
    ...['wire', 'compact', 'chain', 'auth', 'server', 'client'],
  ],
};
/** Rooms whose rules do not depend on protobuf: they read and write bytes by themselves. */
const roomsWithoutGen = new Set(['bytes', 'crypto', 'account', 'store', 'dns', 'wire']);
/** Rooms that know gRPC. */
const roomsWithGrpc = new Set(['server', 'client']);
/** Rooms that decide and do nothing: given the same input, they say the same. */
const roomsWithoutEffects = new Set([
  'bytes',
  'crypto',
  'event',
  'account',
  'trust',
  'proof',
  'wire',
  'compact',
]);
const effects = /^node:(fs|net|http|http2|dns|child_process|os|process)/;

const linesMax = 400;

interface SourceFile {
  path: string;
  text: string;
  lines: number;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'vectors' || name === 'results') return [];
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

const sources: SourceFile[] = ['src', 'test', 'bench', 'bin', 'scripts']
  .flatMap((folder) => filesBelow(join(root, folder)))
  .filter((path) => /\.(ts|mjs|cjs)$/.test(path))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    return { path: relative(root, path), text, lines: text.split('\n').length - 1 };
  });

interface Import {
  file: string;
  room: string;
  isTest: boolean;
  specifier: string;
  /** Whether nothing of it is left when the program runs. */
  isType: boolean;
  /** For files of ours: the path below the top folder. */
  target: string | undefined;
}

const imports: Import[] = sources
  .filter(({ path }) => path.startsWith(`src${sep}`))
  .flatMap(({ path, text }) => {
    const specifiers = text.matchAll(
      /(?:(^(?:import|export) type\b[^;']*)?\bfrom|\bimport\(|^import)\s*'([^']+)'/gm,
    );
    return [...specifiers].map(([, type, specifier = '']) => ({
      file: path,
      room: path.split(sep)[1] ?? '',
      isTest: /\.(test|fuzz)\.ts$/.test(path),
      specifier,
      isType: type !== undefined,
      target: specifier.startsWith('.')
        ? relative(root, resolve(root, dirname(path), specifier))
        : undefined,
    }));
  });

function failing(list: readonly Import[]): string[] {
  return list.map(({ file, specifier }) => `${file} imports ${specifier}`);
}

test('there is something to check', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(100);
});

test('every room is in the table, and has an index of named exports', () => {
  const rooms = readdirSync(join(root, 'src'));
  expect(rooms.filter((room) => roomsBelow[room] === undefined)).toEqual([]);
  const indexes = sources.filter(({ path }) => path.endsWith(`${sep}index.ts`));
  const withIndex = new Set(indexes.map(({ path }) => path.split(sep)[1]));
  expect(rooms.filter((room) => room !== 'cli' && !withIndex.has(room))).toEqual([]);
});

test('rooms import lower rooms only, and only by their index', () => {
  const wrong = imports.filter(({ room, target, isTest }) => {
    const [top, other = '', ...rest] = (target ?? '').split(sep);
    if (top !== 'src' || other === room) return false;
    const isIndex = rest.length === 1 && rest[0] === 'index.ts';
    // A test may set higher rooms upon its own, as a client's test does with a server.
    return !isIndex || !(isTest || roomsBelow[room]?.includes(other));
  });
  expect(failing(wrong)).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const targetsOf = new Map<string, string[]>();
  for (const { file, target, isType } of imports) {
    if (isType || target === undefined) continue;
    targetsOf.set(file, [...(targetsOf.get(file) ?? []), target]);
  }
  const circles: string[] = [];
  const left = new Set<string>();
  const follow = (file: string, way: readonly string[]) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (left.has(file) || way.includes(file)) return;
    for (const target of targetsOf.get(file) ?? []) follow(target, [...way, file]);
    left.add(file);
  };
  for (const file of targetsOf.keys()) follow(file, []);
  expect(left.size).toBeGreaterThan(100);
  expect(circles).toEqual([]);
});

test('only rooms that need them know the generated stubs and gRPC', () => {
  const wrong = imports.filter(({ room, specifier, target, isTest }) => {
    if (isTest) return false;
    const isGen = target?.startsWith(`gen${sep}`) || specifier.startsWith('@bufbuild/');
    const isGrpc = specifier.startsWith('@grpc/') || specifier.startsWith('grpc-');
    return (isGen && roomsWithoutGen.has(room)) || (isGrpc && !roomsWithGrpc.has(room));
  });
  expect(failing(wrong)).toEqual([]);
});

test('rooms that decide touch neither disk nor network', () => {
  const wrong = imports.filter(
    ({ room, specifier, isTest }) =>
      !isTest && roomsWithoutEffects.has(room) && effects.test(specifier),
  );
  expect(failing(wrong)).toEqual([]);
});

test('sources import nothing from tests, benchmarks or scripts', () => {
  const wrong = imports.filter(
    ({ target, isTest }) => target !== undefined && !isTest && !/^(src|gen)\b/.test(target),
  );
  expect(failing(wrong)).toEqual([]);
});

test(`no file is longer than ${linesMax} lines`, () => {
  const long = sources.filter(({ lines }) => lines > linesMax);
  expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

test('nothing is exported wholesale, and nothing is left to do', () => {
  const wrong = sources
    .filter(({ path }) => path !== join('test', 'tidy.test.ts'))
    .filter(({ text }) => /^export \*|\b(TODO|FIXME|XXX)\b/m.test(text));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});
