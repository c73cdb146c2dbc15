import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type ConnectOptions,
  KnownHosts,
  type Notice,
  RemoteOwners,
  Resolver,
} from '../src/client/index.ts';
import { readMessage, recordTypes } from '../src/dns/message.ts';
import { parseServerAddress } from '../src/event/index.ts';
import { dnsAnswer } from './support/dns-answer.ts';
import { type ChangeAnswer, DnsProxy } from './support/dns-proxy.ts';
import { eventually } from './support/eventually.ts';
import { hasKnot, Knot } from './support/knot.ts';
import { runHere } from './support/run-here.ts';
import { temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { startTlsServer } from './support/tls-server.ts';

// Servers by names that a name server knows, and who they are by what it publishes of them.

const chainKey = 'team/named';

describe.skipIf(!hasKnot)('a server by its name', () => {
  let server: TestServer;
  let knot: Knot;
  let proxy: DnsProxy;
  let home: string;
  let notices: Notice[];

  beforeAll(async () => {
    server = await TestServer.start({ trustMode: 'centralized', wireEncryption: 128 });
    const fingerprint = `sha256:${server.running.identity.fingerprintHex}`;
    knot = await Knot.start({
      zone: {
        policy: 'nsec3',
        records: `right 60 A 127.0.0.1
_ate.right 60 TXT "v=ate1; id=sha256:${'0'.repeat(64)}"
_ate.right 60 TXT "v=ate1; id=${fingerprint}"
wrong 60 A 127.0.0.1
_ate.wrong 60 TXT "v=ate1; id=sha256:${'0'.repeat(64)}"
silent 60 A 127.0.0.1
spoilt 60 A 127.0.0.1
_ate.spoilt 60 TXT "v=ate1; id=none"
both 60 AAAA ::1
both 60 A 127.0.0.1
xn--bcher-kva 60 A 127.0.0.1
elsewhere 60 A 192.0.2.1`,
      },
      plain: { policy: 'none', records: 'right 60 A 127.0.0.1' },
    });
    proxy = await DnsProxy.start(knot.address);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await knot?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    home = await temporaryHome();
    notices = [];
  });

  const dns = () => ({
    server: proxy.address,
    validate: true,
    trustAnchors: knot.trustAnchors(),
    triesMs: [100, 100],
  });
  const at = (host: string) => `${host}:${server.running.port}`;

  function change(answer: ChangeAnswer): void {
    proxy.change = answer;
    onTestFinished(() => {
      proxy.change = (same) => [same];
    });
  }

  /** Append to a chain, as another run of a program. */
  async function use(host: string, options: ConnectOptions = {}): Promise<void> {
    const onNotice = (notice: Notice) => notices.push(notice);
    await using client = await testClient(at(host), {
      ...{ home, onNotice, encryption: 'auto', tls: false, dns: dns() },
      ...options,
    });
    await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
    await chain.append({ data: 'x' });
  }

  const met = () =>
    notices.filter(({ kind }) => kind === 'server-met').map(({ message }) => message);

  test('whose identity is published is met by that, and known from then on', async () => {
    await use('right.zone');
    expect(met()).toEqual([expect.stringContaining('as is published for it')]);
    const known = await new KnownHosts(home).find(at('right.zone'));
    expect(known?.fingerprint).toBe(server.running.identity.fingerprintHex);
    // Nobody asks for it again.
    change((answer, { query }) =>
      readMessage(query).questions[0]?.type === recordTypes.TXT ? [] : [answer],
    );
    await use('right.zone');
  });

  test('that has another identity than is published is sent nothing', async () => {
    await expect(use('wrong.zone')).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_MISMATCH' });
    expect(await new KnownHosts(home).list()).toEqual([]);
  });

  test('an auth server is found and known in the same way', async () => {
    const ask = async (host: string) => {
      const owners = new RemoteOwners({
        ...{ address: parseServerAddress(at(host)), home, dns: dns() },
        onNotice: (notice) => notices.push(notice),
      });
      try {
        return await owners.ownerAnswer({ owner: 'me@example.com' });
      } finally {
        await owners.close();
      }
    };
    await expect(ask('wrong.zone')).rejects.toMatchObject({ reason: 'AUTH_IDENTITY_CHANGED' });
    expect(await new KnownHosts(home).list()).toEqual([]);
    // It is the right one, and has no accounts.
    await eventually(() =>
      expect(ask('right.zone')).rejects.toMatchObject({
        reason: 'AUTH_UNAVAILABLE',
        message: expect.stringContaining('does not know this call'),
      }),
    );
    expect(met()).toEqual([expect.stringContaining('as is published for it')]);
  });

  test('whose identity is proven not to be published is met at first use', async () => {
    await use('silent.zone');
    expect(met()).toEqual([expect.stringContaining('is trusted with that from now on')]);
  });

  test('what is published never overrides what is known', async () => {
    const knownHosts = new KnownHosts(home);
    await knownHosts.accept(at('right.zone'), 'ab'.repeat(32));
    await expect(use('right.zone')).rejects.toMatchObject({ reason: 'SERVER_IDENTITY_CHANGED' });
    await knownHosts.accept(at('wrong.zone'), server.running.identity.fingerprintHex);
    await use('wrong.zone');
  });

  test('somebody who keeps the record back gets nobody to trust the server unseen', async () => {
    change((answer, { query }) =>
      readMessage(query).questions[0]?.type === recordTypes.TXT ? [dnsAnswer(query, {})] : [answer],
    );
    await expect(use('right.zone')).rejects.toMatchObject({
      reason: 'DNS_NOT_VALIDATED',
      metadata: { fault: 'absence-unproven', server: at('right.zone') },
      message: expect.stringContaining('Nothing was sent to it'),
    });
    await expect(use('spoilt.zone')).rejects.toMatchObject({ reason: 'DNS_NOT_VALIDATED' });
    expect(await new KnownHosts(home).list()).toEqual([]);
  });

  test('a record that can not be read is no reason to trust anybody', async () => {
    await expect(use('spoilt.zone')).rejects.toMatchObject({ reason: 'IDENTITY_RECORD_INVALID' });
  });

  test('an application that looks identities up itself is asked, and DNS is not', async () => {
    const lookUpIdentity = async () => [server.running.identity.fingerprintHex];
    await use('wrong.zone', { lookUpIdentity });
    expect(met()).toEqual([expect.stringContaining('as is published for it')]);
  });

  test('whose address does not validate is not connected to', async () => {
    await expect(use('right.plain')).rejects.toMatchObject({
      reason: 'DNS_NOT_VALIDATED',
      metadata: { fault: 'unsigned' },
    });
    await use('right.plain', { dns: { server: knot.address } });
    await expect(use('nobody.zone')).rejects.toMatchObject({ reason: 'DNS_NAME_NOT_FOUND' });
  });

  test('a client that stays open connects once the name server answers again', async () => {
    change(() => []);
    const resolver = new Resolver(dns());
    await using client = await testClient(at('right.zone'), {
      ...{ encryption: 'auto', tls: false, dns: resolver },
    });
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(client.describe(chainKey)).rejects.toMatchObject({ reason: 'DNS_FAILED' });
    }
    proxy.change = (answer) => [answer];
    await expect(client.describe('team/nothing')).rejects.toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
    });
  });

  test('that has no IPv6, though its name has an address of that, is reached by IPv4', async () => {
    await use('both.zone');
  });

  test('of any script', async () => {
    await use('Bücher.zone');
    expect(notices).toContainEqual(
      expect.objectContaining({ server: at('xn--bcher-kva.zone'), kind: 'server-met' }),
    );
  });

  test("a certificate is verified for the server's name, and not for its address", async () => {
    const tls = await startTlsServer({ certificate: { hosts: ['right.zone'] } });
    const outcome = async (host: string) => {
      await using client = await testClient(`${host}:${tls.server.running.port}`, {
        ...{ tls: tls.trusting, dns: dns() },
      });
      return await client.describe('team/nothing').catch(({ reason }) => reason);
    };
    expect(await outcome('right.zone')).toBe('CHAIN_NOT_FOUND');
    expect(await outcome('silent.zone')).toBe('TLS_FAILED');
  });

  describe('from the command line', () => {
    let flags: string[];

    beforeEach(async () => {
      const anchors = join(home, 'anchors');
      await writeFile(anchors, `; of the test\n${knot.trustAnchors()}`);
      flags = ['--dns-server', knot.address, '--dns-sec', '--dns-trust-anchor', anchors];
    });

    const atedb = (args: readonly string[], input = '') =>
      runHere('atedb', args, { input, environment: { ATE_HOME: home } });

    test('is appended to and read', async () => {
      const address = `ate://${at('right.zone')}/team/typed`;
      const appended = await atedb(['append', address, ...flags], 'hello\n');
      expect(appended.stderr).toContain('as is published for it');
      expect(appended.code).toBe(0);
      expect((await atedb(['read', address, ...flags])).stdout).toBe('hello\n');
      const verified = await atedb(['verify', address, ...flags]);
      expect(verified.stdout).toContain('verified');
    });

    test('what does not validate ends with 5, and a name server that is not there with 4', async () => {
      const plain = await atedb(['read', `ate://${at('right.plain')}/team/typed`, ...flags]);
      expect(plain.stderr).toContain('no signature came with it');
      expect(plain.code).toBe(5);
      const unknown = await atedb(['describe', `ate://${at('nobody.zone')}/team/typed`, ...flags]);
      expect(unknown.stderr).toContain('nobody.zone has no address');
      expect(unknown.code).toBe(4);
    });

    test('what is listened on is resolved so, too', async () => {
      const args = ['solo', join(home, 'logs'), '--listen', 'elsewhere.zone', '-p', '5', ...flags];
      const { code, stderr } = await atedb(args);
      expect(stderr).toContain('cannot listen on 192.0.2.1:5');
      expect(code).toBe(2);
    });

    test.each([
      [['--dns-trust-anchor', 'x'], 'is about --dns-sec, which is not given'],
      [
        ['--dns-sec', '--dns-trust-anchor', '/nowhere'],
        'cannot read the trust anchors in /nowhere',
      ],
      [['--dns-server', 'ns.example'], 'is not the address of a name server'],
    ])('wrong flags are told: %j', async (wrong, message) => {
      const { code, stderr } = await atedb([
        'read',
        `ate://${at('right.zone')}/team/typed`,
        ...wrong,
      ]);
      expect(stderr).toContain(message);
      expect(code).not.toBe(0);
    });
  });
});
