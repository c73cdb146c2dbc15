import type { Transporter } from 'nodemailer';
import { AtedbError } from '../bytes/index.ts';
import { type AccountNotice, noticeText } from './account-notices.ts';
import { type CodeMessage, type CodeSender, codeText } from './code-sender.ts';

/** How mail is sent. */
export interface MailOptions {
  /** `smtp://` or `smtps://`, with the user and the password of the mail server in it where it wants them. A secret. */
  readonly url: URL;
  /** The address that mails come from. */
  readonly from: string;
  /** Told why a mail could not be sent. */
  readonly onFailure: (error: unknown) => void;
}

/** Mail servers take their time, and whoever waits for one holds a call. */
const timeoutMs = 20_000;
/** Mails that are under way; more wait their turn. */
const connectionsMax = 4;

/** Sends codes by mail. */
export class MailSender implements CodeSender {
  readonly how = 'mail';
  readonly #options: MailOptions;
  readonly #transport: Transporter;

  private constructor(options: MailOptions, transport: Transporter) {
    this.#options = options;
    this.#transport = transport;
  }

  /** Get ready to send mail. Whether the mail server can be reached is seen when something is sent. */
  static async create(options: MailOptions): Promise<MailSender> {
    // Loaded where mail is sent: servers that send none start faster.
    const { createTransport } = await import('nodemailer');
    const { url } = options;
    const transport = createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      secure: url.protocol === 'smtps:',
      // A code, and perhaps a password, are on the way: in clear to this machine alone.
      requireTLS: !isLoopback(url),
      ...(url.username === ''
        ? {}
        : {
            auth: {
              user: decodeURIComponent(url.username),
              pass: decodeURIComponent(url.password),
            },
          }),
      pool: true,
      maxConnections: connectionsMax,
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return new MailSender(options, transport);
  }

  send(message: CodeMessage): Promise<void> {
    const { account } = message;
    return this.#mail({ account, subject: `Code for ${account}`, text: codeText(message) });
  }

  notify(notice: AccountNotice): Promise<void> {
    const { account } = notice;
    return this.#mail({ account, subject: `Your account ${account}`, text: noticeText(notice) });
  }

  async #mail(mail: {
    readonly account: string;
    readonly subject: string;
    readonly text: string;
  }): Promise<void> {
    const { from, onFailure } = this.#options;
    const { account, subject, text } = mail;
    const to = { name: '', address: account };
    const headers = { 'Auto-Submitted': 'auto-generated' };
    try {
      await this.#transport.sendMail({ from, to, subject, text, headers });
    } catch (cause) {
      onFailure(cause);
      throw new AtedbError(
        'MAIL_FAILED',
        `the mail could not be sent to ${account}; the server's log says why. Retry later`,
        { metadata: { account }, cause },
      );
    }
  }

  /** Give up connections. */
  close(): void {
    this.#transport.close();
  }
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
