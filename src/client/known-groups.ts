import { join } from 'node:path';
import type { Act } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { acquireExclusiveLock, makeFolderDurable, writeFileAtomic } from '../store/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import { countField, hexField, readJsonFile } from './json-file.ts';
import type { OnNotice } from './notice.ts';

const format = 'atedb-group-1';

/** The newest act that was seen of a group: its hash names all acts before it as well. */
interface KnownAct {
  readonly version: number;
  readonly hash: Buffer;
}

/**
 * What is remembered of the groups of one server, in `groups/<host_port>/` of the home folder: a group that was met stays the one that
 * it was, whatever the server says later. Without a home folder it lasts as long as this object.
 */
export class KnownGroups {
  readonly #folder: string | undefined;
  readonly #server: string;
  readonly #onNotice: OnNotice;
  readonly #met = new Map<string, KnownAct>();

  /** @param server `host:port`. */
  constructor(home: string | undefined, server: string, onNotice: OnNotice) {
    this.#server = server;
    this.#onNotice = onNotice;
    this.#folder = home && join(home, 'groups', server.replace(/:(\d+)$/, '_$1'));
  }

  /**
   * Check that acts, which were verified, go on from those that were met before.
   *
   * @throws AtedbError VERIFICATION_FAILED where they don't; STORAGE_FAILED where what is remembered can't be read.
   */
  async check(group: string, acts: readonly Act[]): Promise<void> {
    const known = newerOf(this.#met.get(group), await this.#read(group));
    if (known === undefined) return;
    const shown = acts.find(({ version }) => version === known.version);
    if (shown?.hash.equals(known.hash) === true) return;
    const path = this.#pathOf(group);
    const why =
      shown === undefined && (acts.at(-1)?.version ?? 0) < known.version
        ? `has fewer acts than were seen before, ${known.version}`
        : 'is not the one that was met before under this name';
    const forget = path === undefined ? '' : `. If the group was made anew, delete ${path}`;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the group ${group}, as the server shows it, ${why}: nothing is done by its keys${forget}`,
      { metadata: { account: group, ...(path === undefined ? {} : { path }) } },
    );
  }

  /** Remember what was checked. Where it can't be written, a notice says so. */
  async note(group: string, { version, hash }: KnownAct): Promise<void> {
    const is = { version, hash };
    this.#met.set(group, newerOf(this.#met.get(group), is) ?? is);
    try {
      await this.#write(group, is);
    } catch (error) {
      const cause = asAtedbError(error);
      const message = `the group ${group} could not be saved, and may be another one next time: ${cause.message}`;
      this.#onNotice({ kind: 'server-not-remembered', server: this.#server, cause, message });
    }
  }

  async #write(group: string, { version, hash }: KnownAct): Promise<void> {
    const path = this.#pathOf(group);
    if (this.#folder === undefined || path === undefined) return;
    if (((await this.#read(group))?.version ?? -1) >= version) return;
    await makeFolderDurable(this.#folder, 0o700);
    await using lock = await acquireExclusiveLock(join(this.#folder, 'groups.lock'));
    // Another process is writing: what is not remembered now is when the group is opened next.
    if (lock === null || ((await this.#read(group))?.version ?? -1) >= version) return;
    const fields = { format, group, version, hash: hash.toString('hex') };
    await writeFileAtomic(path, `${JSON.stringify(fields, null, 2)}\n`, { mode: 0o600 });
  }

  async #read(group: string): Promise<KnownAct | undefined> {
    const path = this.#pathOf(group);
    const fields = path && (await readJsonFile(path, format));
    if (path === undefined || fields === undefined || fields === '') return undefined;
    return {
      version: countField(path, fields, 'version'),
      hash: hexField(path, fields, 'hash', 32),
    };
  }

  /** Names of groups have neither slashes nor are they "..". */
  #pathOf(group: string): string | undefined {
    return this.#folder && join(this.#folder, `${group}.json`);
  }
}

function newerOf(a: KnownAct | undefined, b: KnownAct | undefined): KnownAct | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.version >= b.version ? a : b;
}
