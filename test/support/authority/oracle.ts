/**
 * Who may do what, written down as docs/trust.md says it: slow, obvious, and sharing nothing with what it is held against. Keys
 * and objects are names; '' stands for the root of the chain.
 */

export type OracleRule = 'everyone' | 'nobody' | 'inherit' | readonly string[];
export type OracleReadRule = 'everyone' | 'inherit' | { readonly readKey: string };

/** Why a batch is refused. */
export interface OracleRefusal {
  readonly reason: string;
  /** The event's place in its batch; undefined: it is about the batch as a whole. */
  readonly index?: number;
}

/** An event, in names. */
export interface OracleEvent {
  readonly kind:
    | 'data'
    | 'tombstone'
    | 'rules'
    | 'roots'
    | 'key_change'
    | 'auth_answer'
    | 'server_identity';
  /** Absent: rules of the root of the chain, or about no object. */
  readonly object?: string | undefined;
  readonly parent?: string | undefined;
  readonly moves?: boolean | undefined;
  readonly write?: OracleRule | undefined;
  readonly add?: OracleRule | undefined;
  readonly read?: OracleReadRule | undefined;
  /** The key is made from its parent. */
  readonly hasLabel?: boolean | undefined;
  /** Name of the read key that seals the data. */
  readonly sealedWith?: string | undefined;
  /** The keys that it is from, its batch's writer first. */
  readonly actors: readonly string[];
  readonly author?: string | undefined;
  /** Keys that it shows. */
  readonly shows?: readonly string[] | undefined;
  readonly roots?: readonly string[] | undefined;
  readonly change?: OracleChange | undefined;
  readonly answer?: OracleAnswer | undefined;
  readonly rotation?: { readonly from: string; readonly to: string } | undefined;
}

/** That a key counts no more. */
export interface OracleChange {
  readonly key: string;
  readonly successor: string | undefined;
}

/** What an auth service says. */
export interface OracleAnswer {
  readonly owner: string;
  readonly service: string;
  readonly version: number;
  readonly expires: number;
  readonly roots: readonly string[];
  readonly writers: readonly string[];
  readonly changed: readonly OracleChange[];
  readonly isRemoved: boolean;
}

interface Item {
  parent: string;
  write: OracleRule;
  add: OracleRule;
  read: OracleReadRule;
  isLive: boolean;
  /** It came to the root otherwise than by the right to the root, or was moved. */
  isKept: boolean;
}

const depthMax = 64;

export class AuthorityOracle {
  items = new Map<string, Item>();
  root: Item = {
    parent: '',
    write: 'inherit',
    add: 'nobody',
    read: 'inherit',
    isLive: true,
    isKept: true,
  };
  roots: string[];
  /** Keys that count no more, and what counts for them. */
  changed = new Map<string, string | undefined>();
  /** Keys that were shown. */
  known: Set<string>;
  readonly isConfidential: boolean;
  /** The identity of the server. */
  server = 'server';
  /** What the auth service has said last; undefined: there is none. */
  answer: OracleAnswer | undefined;

  /** @param known the keys that are known besides the roots. */
  constructor(roots: readonly string[], known: readonly string[], isConfidential = false) {
    this.roots = [...roots];
    this.known = new Set([...roots, ...known]);
    this.isConfidential = isConfidential;
  }

  copy(): AuthorityOracle {
    const copy = new AuthorityOracle(this.roots, [...this.known], this.isConfidential);
    copy.items = new Map([...this.items].map(([key, item]) => [key, { ...item }]));
    copy.root = { ...this.root };
    copy.changed = new Map(this.changed);
    copy.server = this.server;
    copy.answer = this.answer;
    return copy;
  }

  /**
   * Take the events of a batch, if all of them are allowed, one by one; they are from one writer.
   *
   * @param showsSigners whether its seal shows the keys of all who sign it.
   * @param time of the batch.
   * @returns why they aren't; undefined: they are.
   */
  take(events: readonly OracleEvent[], showsSigners = false, time = 0): OracleRefusal | undefined {
    const before = this.copy();
    const refused = this.#decideBatch(events, showsSigners, time);
    if (refused === undefined) return undefined;
    this.items = before.items;
    this.root = before.root;
    this.roots = before.roots;
    this.changed = before.changed;
    this.known = before.known;
    this.server = before.server;
    this.answer = before.answer;
    return refused;
  }

  #decideBatch(
    events: readonly OracleEvent[],
    showsSigners: boolean,
    time: number,
  ): OracleRefusal | undefined {
    if (events.some(isServers)) return this.#decideServers(events, time);
    const signers = new Set(events.flatMap(keysOf));
    if (![...signers].some((key) => this.#isNamed(key))) return { reason: 'KEY_NOT_ALLOWED' };
    const shown = new Set(events.flatMap(({ shows = [] }) => shows));
    for (const key of [...signers].sort()) {
      if (this.changed.has(key)) return { reason: 'KEY_REVOKED' };
      if (showsSigners || this.known.has(key) || shown.has(key)) continue;
      return { reason: 'KEY_UNKNOWN' };
    }
    if (this.answer?.isRemoved === true) return { reason: 'OWNER_REMOVED' };
    if (this.answer !== undefined && time >= this.answer.expires) {
      return { reason: 'AUTH_ANSWER_EXPIRED' };
    }
    if (showsSigners) for (const key of signers) this.known.add(key);
    for (const [index, event] of events.entries()) {
      const reason = this.#decide(event);
      if (reason !== undefined) return { reason, index };
      this.#forget();
    }
    return undefined;
  }

  /** A batch of the server's own. */
  #decideServers(events: readonly OracleEvent[], time: number): OracleRefusal | undefined {
    let server = this.server;
    for (const { rotation } of events) if (rotation?.from === server) server = rotation.to;
    if (events[0]?.actors[0] !== server) return { reason: 'KEY_NOT_ALLOWED' };
    for (const [index, { rotation, answer }] of events.entries()) {
      const reason =
        rotation === undefined ? this.#takeAnswer(answer, time) : this.#rotate(rotation);
      if (reason !== undefined) return { reason, index };
    }
    return undefined;
  }

  #rotate({ from, to }: { readonly from: string; readonly to: string }): string | undefined {
    const before = this.server;
    if (before !== from && this.answer?.service !== from) return 'BATCH_INVALID';
    if (before === from) this.server = to;
    if (this.answer?.service === from) this.answer = { ...this.answer, service: to };
    return undefined;
  }

  #takeAnswer(next: OracleAnswer | undefined, time: number): string | undefined {
    const before = this.answer;
    if (next === undefined) throw new Error('an answer says something');
    if (before === undefined) return 'AUTH_ANSWER_INVALID';
    if (next.owner !== before.owner || next.service !== before.service)
      return 'AUTH_ANSWER_INVALID';
    if (next.version < before.version) return 'AUTH_ANSWER_INVALID';
    if (next.version === before.version && next.expires <= before.expires) {
      return 'AUTH_ANSWER_INVALID';
    }
    if (time >= next.expires) return 'AUTH_ANSWER_INVALID';
    this.answer = next;
    this.roots = [...next.roots];
    for (const key of [...next.roots, ...next.writers]) this.known.add(key);
    for (const { key, successor } of next.changed) {
      if (this.changed.has(key)) continue;
      const current =
        successor !== undefined && this.changed.has(successor)
          ? this.changed.get(successor)
          : successor;
      this.#setChanged(key, current === key ? undefined : current);
    }
    return undefined;
  }

  #setChanged(key: string, successor: string | undefined): void {
    for (const [old, current] of this.changed) {
      if (current === key) this.changed.set(old, successor);
    }
    this.changed.set(key, successor);
  }

  #decide(event: OracleEvent): string | undefined {
    const { kind, object, actors } = event;
    if (keysOf(event).some((key) => this.changed.has(key))) return 'KEY_REVOKED';
    for (const key of event.shows ?? []) this.known.add(key);
    if (kind === 'roots') {
      if (this.answer !== undefined) return 'KEY_NOT_ALLOWED';
      const agreed = this.roots.filter((root) => actors.includes(root)).length;
      if (agreed * 2 <= this.roots.length) return 'KEY_NOT_ALLOWED';
      if ((event.roots ?? []).some((root) => this.changed.has(root))) return 'KEY_REVOKED';
      this.roots = [...(event.roots ?? [])];
      for (const root of this.roots) this.known.add(root);
      return undefined;
    }
    if (kind === 'key_change') return this.#changeKey(event);
    if (object === undefined) {
      if (!actors.some((actor) => this.roots.includes(actor))) return 'KEY_NOT_ALLOWED';
      this.#rule(this.root, event);
      return undefined;
    }
    if (kind === 'tombstone') {
      const item = this.items.get(object);
      if (!this.mayWrite(actors, item === undefined ? '' : object)) return 'KEY_NOT_ALLOWED';
      if (item !== undefined) item.isLive = false;
      return undefined;
    }
    const refused = this.#place(event, object);
    if (refused !== undefined) return refused;
    const item = this.items.get(object);
    const hasRules = [event.write, event.add, event.read].some((rule) => rule !== undefined);
    if (hasRules && item === undefined) this.#insert(object, '', false);
    const placed = this.items.get(object);
    if (placed !== undefined) this.#rule(placed, event);
    if (kind === 'rules') return undefined;
    const due = this.readKeyOf(placed === undefined ? '' : object);
    return due === event.sealedWith ? undefined : 'READ_RULE_MISMATCH';
  }

  /** Whether any rule of the chain allows a key anything, or ever did. */
  #isNamed(actor: string): boolean {
    if (this.roots.includes(actor) || this.changed.has(actor)) return true;
    if (this.root.write === 'inherit' && this.answer?.writers.includes(actor)) return true;
    const names = [actor, ...this.changed.keys()].filter(
      (name) => name === actor || this.changed.get(name) === actor,
    );
    return [this.root, ...this.items.values()].some(({ write, add }) =>
      [write, add].some(
        (rule) =>
          rule === 'everyone' ||
          (typeof rule !== 'string' && rule.some((name) => names.includes(name))),
      ),
    );
  }

  /** Have an object where the event says that it is. */
  #place(event: OracleEvent, object: string): string | undefined {
    const { actors, parent = '', moves = false } = event;
    const item = this.items.get(object);
    if (item !== undefined) {
      if (!this.mayWrite(actors, object)) return 'KEY_NOT_ALLOWED';
      if ((item.parent === parent) === moves) return 'PARENT_INVALID';
      if (moves) {
        const refused = this.#join(event, object);
        if (refused !== undefined) return refused;
        if (this.#isTooDeep(parent)) return 'PARENT_INVALID';
        item.parent = parent;
        item.isKept = true;
      } else if (this.#depthOf(object) > depthMax) return 'PARENT_INVALID';
      item.isLive = true;
      return undefined;
    }
    if (moves && parent === '') return 'PARENT_INVALID';
    if (parent === object) return 'PARENT_INVALID';
    const ownsRoot = this.mayWrite(actors, '');
    if (parent === '' && ownsRoot) return undefined;
    if (moves && !ownsRoot) return 'KEY_NOT_ALLOWED';
    const refused = this.#join(event, object);
    if (refused !== undefined) return refused;
    if (!ownsRoot && event.hasLabel !== true) return 'KEY_NOT_ALLOWED';
    const hasRules = [event.write, event.add, event.read].some((rule) => rule !== undefined);
    if (hasRules && !this.mayWrite(actors, parent)) return 'KEY_NOT_ALLOWED';
    if (this.#isTooDeep(parent)) return 'PARENT_INVALID';
    this.#insert(object, parent, parent === '');
    return undefined;
  }

  /** Whether an object may come below the parent that the event names. */
  #join({ actors, parent = '' }: OracleEvent, object: string): string | undefined {
    if (parent !== '' && !this.items.has(parent)) this.#insert(parent, '', false);
    const above = parent === '' ? this.root : (this.items.get(parent) as Item);
    if (!above.isLive) return 'PARENT_INVALID';
    if (!this.mayWrite(actors, parent) && !this.#allows(above.add, actors))
      return 'KEY_NOT_ALLOWED';
    if (this.#lineOf(parent).includes(object)) return 'PARENT_INVALID';
    return undefined;
  }

  /** Whether what comes below a parent would have too many above it. */
  #isTooDeep(parent: string): boolean {
    return parent !== '' && this.#depthOf(parent) + 1 > depthMax;
  }

  #insert(object: string, parent: string, isKept: boolean): void {
    const rules = { write: 'inherit', add: 'nobody', read: 'inherit' } as const;
    this.items.set(object, { parent, ...rules, isLive: true, isKept });
  }

  #rule(item: Item, { write, add, read }: OracleEvent): void {
    item.write = write ?? item.write;
    item.add = add ?? item.add;
    item.read = read ?? item.read;
  }

  #changeKey({ change, actors }: OracleEvent): string | undefined {
    if (change === undefined) throw new Error('a change names a key');
    const { key, successor } = change;
    if (this.roots.includes(key)) return 'KEY_NOT_ALLOWED';
    if (this.changed.has(key)) return 'KEY_REVOKED';
    const byRoot = actors.some((actor) => this.roots.includes(actor));
    if (!actors.includes(key) && !byRoot) return 'KEY_NOT_ALLOWED';
    if (successor === key) return 'KEY_REVOKED';
    if (successor !== undefined && this.changed.has(successor)) return 'KEY_REVOKED';
    this.#setChanged(key, successor);
    if (successor !== undefined) this.known.add(successor);
    return undefined;
  }

  /** An object and all above it, the root of the chain last. */
  #lineOf(object: string): string[] {
    if (object === '') return [''];
    return [object, ...this.#lineOf(this.items.get(object)?.parent ?? '')];
  }

  #depthOf(object: string): number {
    return this.#lineOf(object).length - 2;
  }

  mayWrite(actors: readonly string[], object: string): boolean {
    for (const [steps, at] of this.#lineOf(object).entries()) {
      // The object itself is the first of them, and the root of the chain is no parent among others.
      if (steps > depthMax && at !== '') return false;
      const rule = at === '' ? this.root.write : (this.items.get(at)?.write ?? 'inherit');
      if (rule !== 'inherit') return this.#allows(rule, actors);
    }
    const owners = [...this.roots, ...(this.answer?.writers ?? [])];
    return actors.some((actor) => owners.includes(actor));
  }

  #allows(rule: OracleRule, actors: readonly string[]): boolean {
    if (rule === 'everyone') return true;
    if (rule === 'nobody' || rule === 'inherit') return false;
    return rule.some((name) => {
      const current = this.changed.has(name) ? this.changed.get(name) : name;
      return current !== undefined && actors.includes(current);
    });
  }

  /** With which read key data is sealed; 'none yet': with none that could be known. */
  readKeyOf(object: string): string | undefined {
    for (const at of this.#lineOf(object)) {
      const rule = at === '' ? this.root.read : (this.items.get(at)?.read ?? 'inherit');
      if (rule !== 'inherit') return rule === 'everyone' ? undefined : rule.readKey;
    }
    return this.isConfidential ? 'none yet' : undefined;
  }

  /** What is gone and has no children is as if it had never been; so is what is at the root and has nothing to tell. */
  #forget(): void {
    for (;;) {
      const forgotten = [...this.items].find(([key, item]) => {
        const hasChildren = [...this.items.values()].some(({ parent }) => parent === key);
        if (hasChildren) return false;
        const isTold =
          item.parent !== '' ||
          item.isKept ||
          item.write !== 'inherit' ||
          item.read !== 'inherit' ||
          item.add !== 'nobody';
        return !item.isLive || !isTold;
      });
      if (forgotten === undefined) return;
      this.items.delete(forgotten[0]);
    }
  }
}

/** Whether an event is one that servers add. */
function isServers({ kind }: OracleEvent): boolean {
  return kind === 'auth_answer' || kind === 'server_identity';
}

/** All keys that sign for an event. */
function keysOf({ actors, author }: OracleEvent): readonly string[] {
  return author === undefined ? actors : [...actors, author];
}
