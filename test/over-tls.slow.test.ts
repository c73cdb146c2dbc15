import { describeOverTls } from './support/use-tls.ts';

// What holds without TLS holds with it.

describeOverTls(['client-append', 'exactly-once', 'hostile-peers']);
