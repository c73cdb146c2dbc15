package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Right;
import io.atedb.internal.event.Signed;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Transport;
import io.atedb.internal.trust.IdentityLine;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;

/**
 * Makes calls about one chain. Where it is private, a call that was refused is made again, once,
 * with another ticket.
 */
public final class ChainCalls {
  static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final String SERVICE = "/atedb.v1.ChainService/";
  private static final String TICKET_HEADER = "atedb-ticket-bin";

  /** So long before a ticket is too old it isn't used any more: a call takes its time to arrive. */
  private static final long MARGIN_MS = 30_000;

  private record Ticket(Bytes bytes, long end) {}

  private final Transport transport;
  private final ChainKey chainKey;
  private final ChainKeys keys;
  private final BiConsumer<Bytes, IdentityLine> checkChallenge;
  private final ReentrantLock renewing = new ReentrantLock();
  private volatile Ticket ticket;

  public ChainCalls(
      Transport transport,
      ChainKey chainKey,
      ChainKeys keys,
      BiConsumer<Bytes, IdentityLine> checkChallenge) {
    this.transport = transport;
    this.chainKey = chainKey;
    this.keys = keys;
    this.checkChallenge = checkChallenge;
  }

  Transport transport() {
    return transport;
  }

  String server() {
    return transport.server();
  }

  String chainKey() {
    return chainKey.text();
  }

  /** Begins a call, with the ticket that there is. A timeout of 0 is none. */
  Call begin(String method, long timeoutNanos) {
    Bytes current = current();
    Map<String, Bytes> metadata = current == null ? Map.of() : Map.of(TICKET_HEADER, current);
    return transport.call(SERVICE + method, metadata, timeoutNanos);
  }

  /** Makes a call with one message each way. */
  Bytes unary(String method, FieldWriter request) {
    try (Several answers = several(method, request, TIMEOUT_NANOS)) {
      Bytes answer = answers.next(0);
      if (answer == null) {
        throw new AtedbException(
            Reason.CONNECTION_FAILED, server() + " has ended the call without an answer");
      }
      return answer;
    }
  }

  /** Makes a call with one message, and gives its answers. */
  Several several(String method, FieldWriter request, long timeoutNanos) {
    return new Several(method, request.finish(), timeoutNanos);
  }

  /** The answers of a call. */
  final class Several implements AutoCloseable {
    private final String method;
    private final Bytes request;
    private final long timeoutNanos;
    private Bytes used;
    private Call call;
    private boolean hasAnswered;

    Several(String method, Bytes request, long timeoutNanos) {
      this.method = method;
      this.request = request;
      this.timeoutNanos = timeoutNanos;
      start();
    }

    private void start() {
      used = current();
      call = begin(method, timeoutNanos);
      call.write(request);
      call.halfClose();
    }

    /**
     * The next one; null after the last. Raises DEADLINE_EXCEEDED where none comes in a time; 0:
     * none.
     */
    Bytes next(long silenceNanos) {
      try {
        Bytes answer = call.read(silenceNanos);
        hasAnswered = true;
        return answer;
      } catch (AtedbException error) {
        if (hasAnswered || error.reason() != Reason.CHAIN_PRIVATE) {
          throw error;
        }
      }
      hasAnswered = true;
      renewTicket(used);
      call.close();
      start();
      return call.read(silenceNanos);
    }

    @Override
    public void close() {
      call.close();
    }
  }

  private Bytes current() {
    Ticket known = ticket;
    return known == null || System.nanoTime() - known.end >= 0 ? null : known.bytes;
  }

  /**
   * Has another ticket than the one that was refused. Raises CHAIN_PRIVATE where there is no key to
   * get one with.
   */
  void renewTicket(Bytes refused) {
    renewing.lock();
    try {
      Bytes known = current();
      // Another call may have got one meanwhile.
      if (known == null || known.equals(refused)) {
        ticket = ask();
      }
    } finally {
      renewing.unlock();
    }
  }

  private Ticket ask() {
    List<KeyPair> own = keys.reading();
    if (own.isEmpty()) {
      throw new AtedbException(
          Reason.CHAIN_PRIVATE,
          "the chain " + chainKey.text() + " is private, and there is no key here to open it with",
          Map.of("chain_key", chainKey.text()));
    }
    KeyPair key = own.get(0);
    long asked = System.nanoTime();
    try (Call call = transport.call(SERVICE + "GetTicket", Map.of(), TIMEOUT_NANOS)) {
      call.write(wish(key));
      Parts challenge = due(call, Schema.GetTicketResponse.CHALLENGE);
      Signed signature = prove(key, challenge, call.exporter());
      FieldWriter proof =
          new FieldWriter().message(Schema.TicketProof.SIGNATURE, signature.message());
      call.write(new FieldWriter().message(Schema.GetTicketRequest.PROOF, proof).finish());
      call.halfClose();
      Parts given = due(call, Schema.GetTicketResponse.TICKET);
      long validMs = given.number(Schema.Ticket.VALID_MS) - MARGIN_MS;
      return new Ticket(
          given.bytes(Schema.Ticket.TICKET).copy(), asked + TimeUnit.MILLISECONDS.toNanos(validMs));
    }
  }

  private Bytes wish(KeyPair key) {
    FieldWriter wish =
        new FieldWriter()
            .text(Schema.GetTicketRequest.CHAIN_KEY, chainKey.text())
            .message(Schema.GetTicketRequest.KEY, key.publicKey().message());
    Right right = keys.right();
    if (right != null) {
      right
          .delegations()
          .forEach(one -> wish.message(Schema.GetTicketRequest.DELEGATIONS, one.message()));
      wish.message(Schema.GetTicketRequest.ISSUER, right.issuer().message());
    }
    return wish.finish();
  }

  private Parts due(Call call, int kind) {
    Bytes message = call.read();
    Parts answer = Answers.parts(message == null ? Bytes.EMPTY : message);
    if (!answer.has(kind)) {
      throw Answers.untrue("another answer was due to who asks for a ticket");
    }
    return Answers.parts(answer.bytes(kind));
  }

  private Signed prove(KeyPair key, Parts challenge, Bytes exporter) {
    Bytes conversation = challenge.bytes(Schema.TicketChallenge.CONVERSATION_ID);
    Bytes chainId = challenge.bytes(Schema.TicketChallenge.CHAIN_ID);
    if (conversation.size() != 32 || chainId.size() != 32) {
      throw Answers.untrue("the challenge has an id of another length");
    }
    IdentityLine line =
        Answers.checked(
            "its identity does not verify",
            () ->
                IdentityLine.verify(
                    PublicKey.parse(challenge.bytes(Schema.TicketChallenge.SERVER_IDENTITY)),
                    challenge.all(Schema.TicketChallenge.IDENTITY_ROTATIONS)));
    transport.checkProven(line.identity());
    // Before anything is signed: whoever runs another chain could get in with it.
    checkChallenge.accept(chainId, line);
    Possession claim =
        new Possession(
            exporter == null ? Possession.NO_EXPORTER : exporter,
            line.identity().fingerprint(),
            chainId,
            conversation,
            key.fingerprint());
    return Signed.by(key, Tags.CONTEXT_TICKET, claim.ticket(chainKey.text()));
  }
}
