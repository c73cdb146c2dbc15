import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { ProofWorld } from '../../test/support/proof-world.ts';
import { rounds } from '../../test/support/scale.ts';
import { KeyPair, NoteKeyPair } from '../crypto/index.ts';
import { publicKeyBytes } from '../event/index.ts';
import { certifyCheckpointKeys, signCheckpoint } from '../trust/index.ts';
import { checkProof, type Proof, type ProofCheckpoint, parseProof, proofText } from './index.ts';

const refused = { reason: 'VERIFICATION_FAILED' };

describe.each(['centralized', 'distributed'] as const)('of a %s chain', (trustMode) => {
  let world: ProofWorld;
  let other: ProofWorld;
  beforeAll(async () => {
    world = await ProofWorld.create({ trustMode });
    other = await ProofWorld.create({ trustMode });
  });

  test('every event and every older tree is proven, through the text of its proof', async () => {
    const { chain } = world;
    for (let sequence = 0; sequence < chain.nextSequence; sequence += 1) {
      for (const withData of [false, true]) {
        const proof = world.proof({ sequence, withData });
        expect(parseProof(proofText(proof))).toEqual(proof);
        const facts = await checkProof(parseProof(proofText(proof, 0)));
        expect(facts).toMatchObject({
          genesis: { chainId: chain.genesis.chainId },
          head: chain.head,
          event: { sequence, vouchedBy: 'writer', fingerprint: chain.writer.identity.fingerprint },
          older: undefined,
        });
        const isThere = withData && sequence > 0;
        const { commit, index } = facts.event ?? {};
        const data = isThere ? Buffer.from(`${commit?.commit}.${index}`) : undefined;
        expect(facts.event?.data).toEqual(data);
      }
    }
    for (let fromSize = 1; fromSize <= chain.head.size; fromSize += 1) {
      const facts = await checkProof(parseProof(proofText(world.proof({ fromSize }))));
      expect(facts).toMatchObject({ event: undefined, older: chain.heads[fromSize - 1] });
    }
  });

  test('no size but its own fits a head', async () => {
    for (const options of [
      { sequence: 0 },
      { sequence: 8 },
      { sequence: 11 },
      { fromSize: 1 },
      { fromSize: 4 },
    ]) {
      const proof = world.proof(options);
      for (let size = 0; size < rounds({ short: 18, long: 140 }); size += 1) {
        if (size === proof.head.size) continue;
        const claimed = { ...proof, head: { ...proof.head, size } };
        await expect(checkProof(claimed), `${size}`).rejects.toMatchObject(refused);
      }
    }
  });

  test('where the last commit of its head is gone, a newer tree proves how large that was', async () => {
    const { chain } = world;
    for (let size = 3; size < chain.head.size; size += 1) {
      const proof = world.proof({ sequence: 2, fromSize: 2, size });
      expect(parseProof(proofText(proof))).toEqual(proof);
      const facts = await checkProof(parseProof(proofText(proof, 0)));
      const head = chain.heads[size - 1];
      expect(facts).toMatchObject({ head, newer: chain.head, last: undefined });
      for (let claim = 0; claim < rounds({ short: 18, long: 140 }); claim += 1) {
        if (claim === size) continue;
        const claimed = { ...proof, head: { ...proof.head, size: claim } };
        await expect(checkProof(claimed), `${claim}`).rejects.toMatchObject(refused);
      }
      const newer = proof.newer as NonNullable<Proof['newer']>;
      const lies: Partial<Proof>[] = [
        { newer: undefined },
        { newer: { ...newer, consistency: newer.consistency.slice(1) } },
        { newer: { ...newer, head: { ...newer.head, size: newer.head.size + 1 } } },
        { newer: { head: proof.head, consistency: [] } },
        { newer: { ...newer, head: { ...newer.head, root: randomBytes(32) } } },
        { newer: other.proof({ sequence: 2, size }).newer },
      ];
      for (const lie of lies) {
        await expect(checkProof({ ...proof, ...lie })).rejects.toMatchObject(refused);
      }
    }
  });

  test('a proof of nothing is refused', async () => {
    await expect(checkProof(world.proof())).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('proves nothing'),
    });
  });

  test('no field can be of another chain, event or tree', async () => {
    const proof = world.proof({ sequence: 8, fromSize: 3, withData: true });
    const others = [
      other.proof({ sequence: 8, fromSize: 3, withData: true }),
      world.proof({ sequence: 9, fromSize: 4, withData: true }),
      world.proof({ sequence: 11, fromSize: 2, withData: true }),
    ];
    let tried = 0;
    for (const stranger of others) {
      for (const mixed of mixtures(proof, stranger)) {
        tried += 1;
        await expect(checkProof(mixed), proofText(mixed)).rejects.toMatchObject(refused);
      }
    }
    expect(tried).toBeGreaterThan(25);
  });

  test('no byte of what is in it can be changed', async () => {
    const proof = world.proof({ sequence: 8, fromSize: 3, withData: true });
    const value = JSON.parse(proofText(proof));
    const step = rounds({ short: 1_499, long: 7 });
    let at = 0;
    for (const place of placesOf(value)) {
      if (typeof place.value !== 'string' || place.name === 'format') continue;
      const isHex = /^[0-9a-f]{64}$/.test(place.value);
      const bytes = Buffer.from(place.value, isHex ? 'hex' : 'base64');
      for (let byte = 0; byte < bytes.length; byte += 1, at += 1) {
        const isShort = bytes.length <= 32 && byte % 8 === 0;
        if (at % step !== 0 && !isShort) continue;
        const changed = Buffer.from(bytes);
        changed[byte] = (changed[byte] ?? 0) ^ (1 << (at % 8));
        const text = place.with(changed.toString(isHex ? 'hex' : 'base64'));
        await expect(check(text), `${place.name} at ${byte}`).rejects.toMatchObject(refused);
      }
    }
    expect(at).toBeGreaterThan(8_000);
  });
});

describe('of its text', () => {
  let value: Record<string, unknown>;
  let world: ProofWorld;
  beforeAll(async () => {
    world = await ProofWorld.create({ server });
    const proof = world.proof({ sequence: 8, fromSize: 3, withData: true });
    value = JSON.parse(proofText({ ...proof, checkpoint: await signed(world) }));
  });

  test('each field is removed, doubled, made of another type, in another form: it is refused', async () => {
    let refusals = 0;
    for (const place of placesOf(value)) {
      // What may be absent proves less where it is.
      const optional = ['event', 'older', 'checkpoint'].includes(place.name);
      const texts = [
        ...(optional ? [] : [place.without()]),
        place.twice(),
        ...(typeof place.value === 'number' ? [place.value - 1, place.value + 1] : []).map(
          place.with,
        ),
        ...[null, true, 'x', -1, 1.5, {}, [], [1], 2 ** 53, '', 1e300].map(place.with),
        ...(place.name === 'note' ? [] : formsOf(place.value)).map(place.with),
      ];
      for (const text of texts) {
        await expect(check(text), `${place.name}: ${text.slice(0, 2_000)}`).rejects.toMatchObject({
          ...refused,
          message: expect.stringMatching(/^the proof does not verify: .{10,}/),
        });
        refusals += 1;
      }
    }
    expect(refusals).toBeGreaterThan(250);
  });

  test('what it may lack proves less', async () => {
    const { event: _, ...withoutEvent } = value;
    expect((await check(JSON.stringify(withoutEvent))).event).toBeUndefined();
    const { older: __, checkpoint: ___, ...withoutOlder } = value;
    expect(await check(JSON.stringify(withoutOlder))).toMatchObject({
      older: undefined,
      checkpoint: undefined,
    });
  });

  test('white space and the order of fields say nothing', async () => {
    const turned = Object.fromEntries(Object.entries(value).reverse());
    expect(await check(JSON.stringify(turned, null, '\t\n '))).toEqual(
      await check(JSON.stringify(value)),
    );
  });

  test.each([
    ['', /is not JSON/],
    ['[]', /not a JSON object/],
    ['{}', /format is missing/],
    [
      '{"format":"atedb-proof-2"}',
      /format is "atedb-proof-2", and this version reads atedb-proof-1/,
    ],
    [`{"format":"${'x'.repeat(9_000_000)}"}`, /no proof has more than/],
    [`${'['.repeat(100_000)}`, /is not JSON/],
    [`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`, /is not (a JSON object|JSON)/],
  ])('what is no proof is refused as that, %#', async (text, message) => {
    await expect(check(text)).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  test('a checkpoint must be about the head, and by the server of the chain', async () => {
    const proof = world.proof({ sequence: 8 });
    const checkpoint = await signed(world);
    const facts = await checkProof({ ...proof, checkpoint });
    expect(facts.checkpoint).toMatchObject({ note: checkpoint.note, isOfGenesis: true });
    const { size, root } = world.chain.head;
    const wrong = [
      await signed(world, { head: { size: size - 1, root } }),
      await signed(world, { head: { size, root: randomBytes(32) } }),
      await signed(world, { chainId: randomBytes(32) }),
      await signed(world, { by: KeyPair.generate({ forSigningOnly: true }) }),
      { ...checkpoint, note: checkpoint.note.replace(/[A-Z](?=[^\n]*\n$)/, '_') },
      { ...checkpoint, keys: (await signed(world, { by: KeyPair.generate() })).keys },
    ];
    for (const one of wrong) {
      await expect(checkProof({ ...proof, checkpoint: one })).rejects.toMatchObject(refused);
    }
  });
});

test('an unsigned batch of a centralized chain is vouched for by the server only, and one of a distributed chain not at all', async () => {
  for (const trustMode of ['centralized', 'distributed'] as const) {
    const world = await ProofWorld.create({ trustMode });
    const proof = world.proof({ sequence: 8 }) as Required<Proof>;
    // The header comes first in a seal, then the signature: 0a, a length of two bytes.
    const { seal } = proof.event as NonNullable<Proof['event']>;
    const header = seal.subarray(0, 3 + ((seal[1] ?? 0) & 0x7f) + ((seal[2] ?? 0) << 7));
    const stripped = { ...proof, event: { ...proof.event, seal: header } as Proof['event'] };
    if (trustMode === 'centralized') {
      expect((await checkProof(stripped)).event?.vouchedBy).toBe('server');
    } else {
      await expect(checkProof(stripped)).rejects.toMatchObject(refused);
    }
  }
});

async function check(text: string) {
  return checkProof(parseProof(text));
}

const server = KeyPair.generate({ forSigningOnly: true });
const noteKeys = NoteKeyPair.generate();

/** The server's signature of the head. */
async function signed(
  { chain }: ProofWorld,
  { head = chain.head, by = server, chainId = chain.genesis.chainId } = {},
): Promise<ProofCheckpoint> {
  const { message } = await certifyCheckpointKeys(noteKeys.publicKeys, by);
  const note = await signCheckpoint({ chainId, head, timeUnixS: 1_700_000_000 }, noteKeys);
  return { note, keys: message, identity: publicKeyBytes(by.publicKey), rotations: [] };
}

/** One proof with single parts of another. */
function* mixtures(proof: Proof, stranger: Proof): Generator<Proof> {
  const { event, older, genesis } = proof;
  if (!event || !older || !stranger.event || !stranger.older)
    throw new Error('both have all parts');
  const isOther = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  for (const name of ['genesis', 'head', 'last', 'event', 'older'] as const) {
    // A whole event, or older tree, of the same history is proven as well.
    const isFine = !isOther(genesis, stranger.genesis) && (name === 'event' || name === 'older');
    if (!isFine && isOther(proof[name], stranger[name])) yield { ...proof, [name]: stranger[name] };
  }
  for (const name of Object.keys(event) as (keyof typeof event)[]) {
    if (!isOther(event[name], stranger.event[name])) continue;
    yield { ...proof, event: { ...event, [name]: stranger.event[name] } };
  }
  for (const name of Object.keys(older) as (keyof typeof older)[]) {
    if (!isOther(older[name], stranger.older[name])) continue;
    yield { ...proof, older: { ...older, [name]: stranger.older[name] } };
  }
  for (const name of Object.keys(genesis) as (keyof typeof genesis)[]) {
    if (!isOther(genesis[name], stranger.genesis[name])) continue;
    yield { ...proof, genesis: { ...genesis, [name]: stranger.genesis[name] } };
  }
}

/** The same value in forms that some readers take. */
function formsOf(value: unknown): unknown[] {
  if (typeof value !== 'string' || value.length < 20) return [];
  return [`${value}\n`, ` ${value}`, `${value}=`, value.toUpperCase(), `0x${value}`].filter(
    (form) => form !== value,
  );
}

interface Place {
  readonly name: string;
  readonly value: unknown;
  /** The text with this field set otherwise. */
  with(value: unknown): string;
  without(): string;
  twice(): string;
}

/** Every field of an object, and of the objects and lists in it. */
function* placesOf(whole: Record<string, unknown>): Generator<Place> {
  function* within(container: Record<string, unknown>, path: string[]): Generator<Place> {
    for (const name of Object.keys(container)) {
      const full = [...path, name];
      const changed = (change: (parent: Record<string, unknown>, key: string) => void) => {
        const copy = structuredClone(whole);
        const parent = path.reduce(
          (at, key) => at[key] as Record<string, unknown>,
          copy as Record<string, unknown>,
        );
        change(parent, name);
        return JSON.stringify(copy);
      };
      const value = container[name];
      yield {
        name: full.join('.'),
        value,
        with: (other) => changed((parent, key) => (parent[key] = other)),
        without: () =>
          changed((parent, key) => {
            if (Array.isArray(parent)) parent.splice(Number(key), 1);
            else delete parent[key];
          }),
        twice: () => {
          if (Array.isArray(container)) {
            return changed((parent, key) =>
              (parent as unknown as unknown[]).splice(Number(key), 0, parent[key]),
            );
          }
          const marked = changed((parent, key) => (parent[`${key}-twice`] = parent[key]));
          return marked.replace(`"${name}-twice":`, `"${name}":`);
        },
      };
      if (typeof value === 'object' && value !== null) {
        yield* within(value as Record<string, unknown>, full);
      }
    }
  }
  yield* within(whole, []);
}
