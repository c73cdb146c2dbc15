import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { MailSender } from './mail-sender.ts';

const message = {
  account: 'me+it@example.com',
  code: 'ABCD-EFGH-JKLM',
  about: 'recover the account me+it@example.com',
};

/** A mail server on loopback. */
async function startMailServer(options: SMTPServerOptions = {}) {
  const mails: { from: string; to: string[]; text: string; user: unknown }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      void text(stream).then((found) => {
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map(({ address }) => address);
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to, text: found, user: session.user });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { mails, port };
}

async function sender(url: string) {
  const failures: unknown[] = [];
  const made = await MailSender.create({
    url: new URL(url),
    from: 'atedb@example.org',
    onFailure: (error) => failures.push(error),
  });
  onTestFinished(() => made.close());
  return { made, failures };
}

test('a code goes to the address that the account is, and to nobody else', async () => {
  const { mails, port } = await startMailServer();
  const { made } = await sender(`smtp://127.0.0.1:${port}`);
  await made.send(message);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ from: 'atedb@example.org', to: ['me+it@example.com'] });
  expect(mails[0]?.text).toContain('ABCD-EFGH-JKLM');
  expect(mails[0]?.text).toContain('Auto-Submitted: auto-generated');
});

test('the user and the password of the URL are shown to the mail server', async () => {
  const { mails, port } = await startMailServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (password === 'p@ss/word') done(null, { user: username });
      else done(new Error('no'));
    },
  });
  const right = await sender(`smtp://mailer:p%40ss%2Fword@127.0.0.1:${port}`);
  await right.made.send(message);
  expect(mails[0]?.user).toBe('mailer');
  const wrong = await sender(`smtp://mailer:hunter2@127.0.0.1:${port}`);
  const refused = wrong.made.send(message);
  await expect(refused).rejects.toMatchObject({ reason: 'MAIL_FAILED' });
  await refused.catch((error: Error) => expect(error.message).not.toContain('hunter2'));
  expect(wrong.failures).toHaveLength(1);
  expect(String(wrong.failures[0])).not.toContain('hunter2');
});

test('where no mail server is, or it takes none, that is told', async () => {
  const { port } = await startMailServer({
    onRcptTo: (_address, _session, done) => done(new Error('no such mailbox')),
  });
  for (const url of [`smtp://127.0.0.1:${port}`, 'smtp://127.0.0.1:1']) {
    const { made, failures } = await sender(url);
    await expect(made.send(message)).rejects.toMatchObject({ reason: 'MAIL_FAILED' });
    expect(failures).toHaveLength(1);
  }
});

test('no code leaves this machine in clear', async () => {
  const { mails, port } = await startMailServer();
  // The same machine, by a spelling that isn't known to be it.
  const { made } = await sender(`smtp://127.1:${port}`);
  await expect(made.send(message)).rejects.toMatchObject({ reason: 'MAIL_FAILED' });
  expect(mails).toEqual([]);
});

test('what was done to an account is told to the address that it is', async () => {
  const { mails, port } = await startMailServer();
  const { made } = await sender(`smtp://127.0.0.1:${port}`);
  await made.notify({
    account: message.account,
    what: 'keys were replaced',
    timeUnixMs: 1_700_000_000_000,
  });
  expect(mails[0]).toMatchObject({ from: 'atedb@example.org', to: ['me+it@example.com'] });
  expect(mails[0]?.text).toMatch(/at 2023-11-14T22:13:20\.000Z:\s+keys were replaced/);
});
