import { hashBytes } from './hash.ts';
import { type HashInputs, numbersPerInput } from './hash-inputs.ts';
import { sha256LanesModule } from './sha256-lanes-module.ts';

/** What wasm/sha256-lanes.ts exports; it says there what each does. */
interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  prefixAt(): number;
  freeAt(): number;
  messageBytesMax(): number;
  layOut(inputsAt: number, digestsAt: number, sourceAt: number): void;
  hashInputs(count: number, prefixBytes: number): void;
  firstMisfit(count: number): number;
  foldTree(count: number): void;
}

/** The part of WebAssembly's interface that is used here; engines that are told to do without it lack it. */
interface WebAssemblyApi {
  validate(bytes: Buffer): boolean;
  readonly Module: new (bytes: Buffer) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const noSource = Buffer.alloc(0);
const pageBytes = 65_536;
/** The module may have so much memory: scripts/generate-wasm.mjs. */
const memoryBytesMax = 160 * pageBytes;
/** The module copies 16 bytes at a time, and so reads beyond what it copies. */
const slackBytes = 16;

/**
 * SHA-256 of four inputs side by side, in WebAssembly. There is one a thread, with one memory: what is in it belongs to
 * whoever used it last, so a use must be over before anything else runs.
 */
export class Sha256Lanes {
  readonly #module: ModuleExports;
  #memory: Buffer;
  #owner: object | undefined;
  #inputsMax = 0;
  #digestsAt = 0;
  readonly #inputsAt: number;

  constructor(module: ModuleExports) {
    this.#module = module;
    this.#memory = Buffer.from(module.memory.buffer);
    this.#inputsAt = module.freeAt();
  }

  /** Whether the memory can hold so much. */
  static fits(sourceBytes: number, inputs: number): boolean {
    const each = 4 * numbersPerInput + hashBytes;
    return sourceBytes + inputs * each + pageBytes <= memoryBytesMax;
  }

  /**
   * Take the memory, and copy a source to it, unless its owner has done so. `fits` says whether it can.
   *
   * @param owner undefined: of this use only.
   */
  load(owner: object | undefined, source: Buffer, inputs: number): void {
    if (owner !== undefined && this.#owner === owner && inputs <= this.#inputsMax) return;
    this.#digestsAt = aligned(this.#inputsAt + inputs * 4 * numbersPerInput);
    const sourceAt = this.#digestsAt + inputs * hashBytes;
    this.#reserve(sourceAt + source.length + slackBytes);
    this.#module.layOut(this.#inputsAt, this.#digestsAt, sourceAt);
    this.#memory.set(source, sourceAt);
    this.#owner = owner;
    this.#inputsMax = inputs;
  }

  /**
   * Hash inputs, each behind the prefix. Those that are passed over have nothing in their digests' places.
   *
   * @param passedOver indexes of inputs that are too large.
   */
  hash(prefix: Buffer, inputs: HashInputs, passedOver: readonly number[]): void {
    const { count } = inputs;
    this.#memory.set(prefix, this.#module.prefixAt());
    const numbers = new Int32Array(this.#memory.buffer, this.#inputsAt, count * numbersPerInput);
    numbers.set(inputs.numbers.subarray(0, count * numbersPerInput));
    for (const index of passedOver) {
      numbers[index * numbersPerInput + 1] = 0;
      numbers[index * numbersPerInput + 3] = 0;
    }
    this.#module.hashInputs(count, prefix.length);
  }

  /** The digests, until the memory is used again. */
  digests(count: number): Buffer {
    return this.#memory.subarray(this.#digestsAt, this.#digestsAt + count * hashBytes);
  }

  /** The first of the digests that isn't what its input expects; -1 where there is none. */
  firstMisfit(count: number): number {
    return this.#module.firstMisfit(count);
  }

  /** The root of the tree of the digests, which are lost by it. 32 bytes of their own. */
  root(count: number): Buffer {
    this.#module.foldTree(count);
    return Buffer.from(this.digests(1));
  }

  /** The root of the tree of hashes, one behind the other. 32 bytes of their own. */
  rootOfHashes(row: Buffer, count: number): Buffer {
    this.load(undefined, noSource, count);
    this.#memory.set(row, this.#digestsAt);
    return this.root(count);
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#memory.length;
    if (missing <= 0) return;
    this.#module.memory.grow(Math.ceil(missing / pageBytes));
    // The memory has moved.
    this.#memory = Buffer.from(this.#module.memory.buffer);
  }
}

let lanes: Sha256Lanes | undefined;
let areMade = false;

/** The lanes of this thread; undefined where this machine has no 128-bit vectors in WebAssembly. Made at first use. */
export function sha256Lanes(): Sha256Lanes | undefined {
  if (!areMade) {
    lanes = makeLanes((globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly);
    areMade = true;
  }
  return lanes;
}

function makeLanes(api: WebAssemblyApi | undefined): Sha256Lanes | undefined {
  const bytes = Buffer.from(sha256LanesModule, 'base64');
  if (api === undefined || !api.validate(bytes)) return undefined;
  const instance = new api.Instance(new api.Module(bytes));
  return new Sha256Lanes(instance.exports as ModuleExports);
}

function aligned(offset: number): number {
  return (offset + 15) & ~15;
}
