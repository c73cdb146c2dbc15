import type {
  OracleAnswer,
  OracleBatch,
  OracleDelegation,
  OracleEvent,
  OracleReadRule,
  OracleRefusal,
  OracleRule,
} from './oracle-types.ts';
import { decideServers, isServers } from './servers-oracle.ts';

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
  /** Keys that count no more, and what has followed them. */
  changed = new Map<string, string | undefined>();
  /** Keys that were shown. */
  known: Set<string>;
  readonly isConfidential: boolean;
  /** The identity of the server. */
  server = 'server';
  /** What the auth service has said last; undefined: there is none. */
  answer: OracleAnswer | undefined;
  delegations: OracleDelegation[] = [];
  #time = 0;
  /** Objects whose rule the last event was refused by. */
  #deciding: string[] = [];

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
    copy.delegations = [...this.delegations];
    return copy;
  }

  /**
   * Take the events of a batch, if all of them are allowed, one by one; they are from one writer.
   *
   * @returns why they aren't; undefined: they are.
   */
  take(events: readonly OracleEvent[], batch: OracleBatch = {}): OracleRefusal | undefined {
    const before = this.copy();
    const refused = this.#decideBatch(events, batch);
    if (refused === undefined) return undefined;
    this.items = before.items;
    this.root = before.root;
    this.roots = before.roots;
    this.changed = before.changed;
    this.known = before.known;
    this.server = before.server;
    this.answer = before.answer;
    this.delegations = before.delegations;
    return refused;
  }

  #decideBatch(
    events: readonly OracleEvent[],
    { showsSigners = false, path = [], time = 0 }: OracleBatch,
  ): OracleRefusal | undefined {
    this.#time = time;
    if (events.some(isServers)) return decideServers(this, events, time);
    const signers = new Set(events.flatMap(keysOf));
    const [first] = path;
    const claimed = [...signers, ...[...signers].flatMap((key) => this.#givenBy(key))];
    if (first !== undefined) claimed.push(first.issuer);
    if (!claimed.some((key) => this.#isNamed(key))) return { reason: 'KEY_NOT_ALLOWED' };
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
    if (first !== undefined) {
      const { issuer } = first;
      const isNobodys = !this.roots.includes(issuer) && !this.#isNamedItself(issuer);
      if (this.changed.has(issuer) || isNobodys) return { reason: 'KEY_NOT_ALLOWED' };
      this.delegations.push(...path);
    }
    for (const [index, event] of events.entries()) {
      const reason = this.#decide(event);
      if (reason !== undefined) return { reason, index };
      this.#forget();
    }
    return undefined;
  }

  /** What counts where a key is named. */
  currentOf(key: string): string | undefined {
    const next = this.changed.get(key);
    if (!this.changed.has(key)) return key;
    return next === undefined ? undefined : this.currentOf(next);
  }

  #decide(event: OracleEvent): string | undefined {
    const said = isDelegable(event) ? this.#asIssuers(event) : event;
    const refused = this.#decideAs(said);
    return refused === 'KEY_NOT_ALLOWED' && this.#isLate(event) ? 'DELEGATION_EXPIRED' : refused;
  }

  /** The event, as if it were also from those whom its keys count as. */
  #asIssuers(event: OracleEvent): OracleEvent {
    const counts = ({ issuer, mayWrite, from, until }: OracleDelegation) =>
      mayWrite && from <= this.#time && this.#time < until && !this.changed.has(issuer);
    const issuers = event.actors.flatMap((actor) => this.#givenBy(actor, counts));
    return { ...event, actors: [...event.actors, ...issuers], author: event.author };
  }

  /** Whether an event that is refused would have the right to its object, or to add to it, if all that was delegated counted. */
  #isLate(event: OracleEvent): boolean {
    if (!isDelegable(event)) return false;
    const all = event.actors.flatMap((actor) => [actor, ...this.#givenBy(actor)]);
    const isLate = this.delegations.some(
      ({ subject, mayWrite, from, until }) =>
        all.includes(subject) && mayWrite && (this.#time < from || until <= this.#time),
    );
    return isLate && this.#deciding.some((object) => this.#mayAdd(all, object));
  }

  /** All who have delegated to a key, themselves or by at most four others. */
  #givenBy(
    key: string,
    counts: (one: OracleDelegation) => boolean = () => true,
    steps = 4,
  ): string[] {
    if (steps === 0) return [];
    return this.delegations
      .filter((one) => one.subject === key && counts(one))
      .flatMap(({ issuer }) => [issuer, ...this.#givenBy(issuer, counts, steps - 1)]);
  }

  #decideAs(event: OracleEvent): string | undefined {
    const { kind, object, actors } = event;
    this.#deciding = [];
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
      const decides = item === undefined ? '' : object;
      if (!this.mayWrite(actors, decides)) return this.#refuse(decides);
      if (item !== undefined) item.isLive = false;
      return undefined;
    }
    if (kind === 'redaction') {
      const isRoot = actors.some((actor) => this.roots.includes(actor));
      const mayWrite = this.mayWrite(actors, this.items.has(object) ? object : '');
      return isRoot || mayWrite ? undefined : 'KEY_NOT_ALLOWED';
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
    const rules = [this.root, ...this.items.values()].flatMap(({ write, add }) => [write, add]);
    return rules.includes('everyone') || this.#isNamedItself(actor);
  }

  /** Whether a rule names a key, or one that it has replaced. */
  #isNamedItself(actor: string): boolean {
    if (this.root.write === 'inherit' && this.answer?.writers.includes(actor)) return true;
    const names = [actor, ...this.changed.keys()].filter(
      (name) => this.currentOf(name) === actor || name === actor,
    );
    return [this.root, ...this.items.values()].some(({ write, add }) =>
      [write, add].some(
        (rule) => typeof rule !== 'string' && rule.some((name) => names.includes(name)),
      ),
    );
  }

  /** Have an object where the event says that it is. */
  #place(event: OracleEvent, object: string): string | undefined {
    const { actors, parent = '', moves = false } = event;
    const item = this.items.get(object);
    if (item !== undefined) {
      if (!this.mayWrite(actors, object)) return this.#refuse(object);
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
    if (!this.#mayAdd(actors, parent)) return this.#refuse(parent);
    if (this.#lineOf(parent).includes(object)) return 'PARENT_INVALID';
    return undefined;
  }

  /** Whether some may write an object, or add to it. */
  #mayAdd(actors: readonly string[], object: string): boolean {
    const item = object === '' ? this.root : this.items.get(object);
    return this.mayWrite(actors, object) || this.#allows(item?.add ?? 'nobody', actors);
  }

  #refuse(object: string): string {
    this.#deciding = [object];
    return 'KEY_NOT_ALLOWED';
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
    const isGivers =
      successor === undefined && this.#givenBy(key).some((issuer) => actors.includes(issuer));
    if (!actors.includes(key) && !byRoot && !isGivers) return 'KEY_NOT_ALLOWED';
    if (successor === key) return 'KEY_REVOKED';
    if (successor !== undefined && this.changed.has(successor)) return 'KEY_REVOKED';
    this.changed.set(key, successor);
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
      const current = this.currentOf(name);
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

/** Whether delegations count for an event: it says nothing of rules, keys or places. */
function isDelegable({ kind, write, add, read, shows = [], moves }: OracleEvent): boolean {
  if (kind !== 'data' && kind !== 'tombstone') return false;
  const rules = [write, add, read].filter((rule) => rule !== undefined);
  return rules.length === 0 && shows.length === 0 && moves !== true;
}

/** All keys that sign for an event. */
function keysOf({ actors, author }: OracleEvent): readonly string[] {
  return author === undefined ? actors : [...actors, author];
}
