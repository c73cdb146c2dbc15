package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.Reason;
import io.atedb.internal.account.OpenedGroup;
import io.atedb.internal.event.Right;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The keys by which a member of a group uses its chains: that of the highest role that the member
 * has. Where the server keeps no groups, or says nothing of them on this way, or the member has no
 * role, the member's own key is used.
 */
public final class GroupKeys implements ChainKeys {
  /** A group is asked for again when what is known of it is older than this. */
  private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final Set<Reason> NOT_A_MEMBER =
      EnumSet.of(
          Reason.GROUP_DENIED, Reason.UNSUPPORTED, Reason.AUTH_LINK_UNSAFE, Reason.WIRE_MISSING);

  private static final Set<Reason> NOT_CLAIMED =
      EnumSet.of(Reason.UNSUPPORTED, Reason.CLAIM_NOT_ALLOWED, Reason.AUTH_LINK_UNSAFE);

  private final String name;
  private final ChainKeys member;
  private final Accounts accounts;
  private final NameClaim claim;
  private final boolean namesNoAuthor;
  private final Consumer<Notice> onNotice;
  private final Executor executor;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean isOpen;
  private OpenedGroup opened;
  private OpenedGroup newest;
  private long askedAt;
  private boolean isAsking;

  /**
   * Of a chain.
   *
   * @param name the group's
   * @param member the member's own keys
   * @param accounts where the group is kept
   * @param claim makes the group where nobody has its name, if that is wanted
   * @param namesNoAuthor whether what is written doesn't say by which member
   * @param onNotice who is told
   * @param executor asks again
   */
  public GroupKeys(
      String name,
      ChainKeys member,
      Accounts accounts,
      NameClaim claim,
      boolean namesNoAuthor,
      Consumer<Notice> onNotice,
      Executor executor) {
    this.name = name;
    this.member = member;
    this.accounts = accounts;
    this.claim = claim;
    this.namesNoAuthor = namesNoAuthor;
    this.onNotice = onNotice;
    this.executor = executor;
  }

  @Override
  public List<KeyPair> reading() {
    List<KeyPair> own = member.reading();
    OpenedGroup group = own.isEmpty() ? null : open();
    if (group == null) {
      return own;
    }
    List<KeyPair> all = new ArrayList<>(group.all());
    all.addAll(own);
    return all;
  }

  @Override
  public KeyPair writing() {
    KeyPair own = member.writing();
    OpenedGroup group = open();
    if (group == null && claim.isWanted()) {
      try {
        claim.make(own);
      } catch (AtedbException error) {
        // What is opened then says what is the matter, if anything is: without an auth service
        // whoever comes first owns the chain.
        if (NOT_CLAIMED.contains(error.reason())) {
          return own;
        }
        throw error;
      }
      forget();
      group = open();
    }
    KeyPair role = group == null ? null : group.highest();
    return role == null ? own : role;
  }

  @Override
  public KeyPair author() {
    if (namesNoAuthor) {
      return null;
    }
    KeyPair own = member.writing();
    return writing() == own ? null : own;
  }

  @Override
  public Right right() {
    return null;
  }

  /** When what is known is a minute old, the server is asked meanwhile, for the call after. */
  @Override
  public OpenedGroup group() {
    OpenedGroup group = open();
    if (group == null || !group.owns()) {
      return null;
    }
    lock.lock();
    try {
      if (!isAsking && System.nanoTime() - askedAt > FRESH_NANOS) {
        isAsking = true;
        askMeanwhile();
      }
      return newest;
    } finally {
      lock.unlock();
    }
  }

  private void askMeanwhile() {
    try {
      executor.execute(this::refresh);
    } catch (RejectedExecutionException error) {
      // The client was closed.
      isAsking = false;
    }
  }

  private void refresh() {
    OpenedGroup found = null;
    try {
      found = ask();
    } catch (AtedbException error) {
      // What is known goes on to count, and it is asked for again later.
    }
    lock.lock();
    try {
      isAsking = false;
      askedAt = System.nanoTime();
      if (found != null) {
        if (newest != opened) {
          newest.close();
        }
        newest = found;
      }
    } finally {
      lock.unlock();
    }
  }

  private OpenedGroup open() {
    lock.lock();
    try {
      if (!isOpen) {
        opened = ask();
        newest = opened;
        askedAt = System.nanoTime();
        isOpen = true;
      }
      return opened;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wipe() {
    lock.lock();
    try {
      if (opened != null) {
        opened.close();
      }
      if (newest != null && newest != opened) {
        newest.close();
      }
    } finally {
      lock.unlock();
    }
  }

  private void forget() {
    lock.lock();
    try {
      isOpen = false;
    } finally {
      lock.unlock();
    }
  }

  private OpenedGroup ask() {
    List<KeyPair> own = member.reading();
    if (own.isEmpty()) {
      return null;
    }
    try {
      return accounts.open(name, own);
    } catch (AtedbException error) {
      if (!NOT_A_MEMBER.contains(error.reason())) {
        throw error;
      }
      tellElsewhere(error.metadata().get("auth_server"));
      return null;
    }
  }

  /**
   * Whoever wants to write with a role's key learns why it isn't, before the chain refuses the
   * user's own.
   */
  private void tellElsewhere(String server) {
    if (server == null || server.isEmpty()) {
      return;
    }
    onNotice.accept(
        new Notice(
            Notice.Kind.GROUP_ELSEWHERE,
            "who is in the group "
                + name
                + " is known to "
                + server
                + ", which was not asked: your own key is used. To act as a member, name it with"
                + " ClientOptions.authServer, or log in there (atedb login)",
            null));
  }
}
