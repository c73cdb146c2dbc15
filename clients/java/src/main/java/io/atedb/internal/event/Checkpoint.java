package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Ed25519;
import io.atedb.internal.crypt.Hashes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A C2SP note under the head of a chain (docs/checkpoints.md), as it was read. Nothing of it is
 * verified.
 *
 * @param chainId the chain
 * @param head what is signed
 * @param lines signatures of anybody
 */
public record Checkpoint(Bytes chainId, TreeHead head, List<Line> lines) {
  private static final int BYTES_MAX = 131_072;
  private static final int LINES_MAX = 18;
  private static final String PREFIX = "atedb/";
  private static final Pattern ORIGIN = Pattern.compile("atedb/[0-9a-f]{64}");
  private static final Pattern SIZE = Pattern.compile("[1-9][0-9]{0,15}");

  /**
   * A signature line of a note.
   *
   * @param name of the key
   * @param keyId four bytes
   * @param signature what it says
   */
  public record Line(String name, Bytes keyId, Bytes signature) {}

  /**
   * The keys that a server signs checkpoints with.
   *
   * @param ed25519 32 bytes
   * @param mldsa44 1,312 bytes
   */
  public record Keys(Bytes ed25519, Bytes mldsa44) {
    private static final byte ED25519_TYPE = 1;
    private static final byte MLDSA44_TYPE = 6;

    /** What a server's identity signs. */
    public Bytes claim() {
      return ed25519.plus(mldsa44);
    }

    public Bytes ed25519Id(String origin) {
      return idOf(origin, ED25519_TYPE, ed25519);
    }

    public Bytes mldsa44Id(String origin) {
      return idOf(origin, MLDSA44_TYPE, mldsa44);
    }

    private static Bytes idOf(String origin, byte type, Bytes key) {
      Bytes typed = Bytes.wrap(new byte[] {type});
      return Hashes.sha256(Bytes.ofText(origin + "\n"), typed, key).slice(0, 4).copy();
    }

    /**
     * Reads a CheckpointKeys message, whose signature is not verified. Raises NON_CANONICAL,
     * REQUEST_INVALID.
     */
    public static Keys parse(Bytes message) {
      Bytes[] parts = new Bytes[4];
      Cursor cursor = new Cursor(message);
      while (cursor.next()) {
        if (cursor.isBytes() && cursor.number() < 4 && parts[cursor.number()] == null) {
          parts[cursor.number()] = cursor.content();
        }
      }
      if (parts[1] == null || parts[2] == null || parts[3] == null) {
        throw new AtedbException(
            Reason.NON_CANONICAL, "checkpoint keys are two keys and a signature");
      }
      String fault =
          parts[1].size() != 32 || parts[2].size() != 1312
              ? "has another length"
              : Ed25519.pointFault(parts[1]);
      if (fault != null) {
        throw new AtedbException(
            Reason.REQUEST_INVALID, "the keys of notes can't be used: one " + fault);
      }
      return new Keys(parts[1], parts[2]);
    }

    /** The identity's word for the keys. Raises NON_CANONICAL. */
    public static Signed signatureOf(Bytes message) {
      return Signed.parse(Cursor.all(message, 3).get(0));
    }
  }

  /** The name of the note and of its keys. */
  public String origin() {
    return PREFIX + chainId.hex();
  }

  /** The note's text, which the Ed25519 line signs. */
  public byte[] text() {
    String root = Base64.getEncoder().encodeToString(head.root().toArray());
    return (origin() + "\n" + head.size() + "\n" + root + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** What the ML-DSA-44 line signs: the {@code cosigned_message} of C2SP tlog-cosignature. */
  public byte[] cosigned(long timeUnixS) {
    byte[] origin = origin().getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(12 + 2 * (origin.length + 1) + 24 + 32)
        .put("subtree/v1\n\0".getBytes(StandardCharsets.US_ASCII))
        .put((byte) origin.length)
        .put(origin)
        .putLong(timeUnixS)
        .put((byte) origin.length)
        .put(origin)
        .putLong(0)
        .putLong(head.size())
        .put(head.root().toArray())
        .array();
  }

  /**
   * Reads a checkpoint: three lines of text, no extension lines, signature lines of anybody. Raises
   * NON_CANONICAL.
   */
  public static Checkpoint parse(String note) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(note)) {
      throw refused("it is not valid Unicode");
    }
    if (note.getBytes(StandardCharsets.UTF_8).length > BYTES_MAX) {
      throw refused("it has more than " + BYTES_MAX + " bytes");
    }
    if (note.chars().anyMatch(one -> one < ' ' && one != '\n')) {
      throw refused("it has a control character");
    }
    int middle = note.lastIndexOf("\n\n");
    if (middle < 0) {
      throw refused("no empty line is before its signatures");
    }
    String[] lines = note.substring(0, middle).split("\n", -1);
    if (lines.length != 3) {
      throw refused("its text has not three lines");
    }
    if (!ORIGIN.matcher(lines[0]).matches()) {
      throw refused("its origin is not \"atedb/\" and the 64 hexadecimal digits of a chain id");
    }
    if (!SIZE.matcher(lines[1]).matches() || Long.parseLong(lines[1]) > Limits.INTEGER_MAX) {
      throw refused("its tree size is not a number from 1 to 2^53 - 1 in decimal");
    }
    byte[] root = decode(lines[2]);
    if (root == null || root.length != 32) {
      throw refused("its root hash is not 32 bytes in base64");
    }
    return new Checkpoint(
        Bytes.fromHex(lines[0].substring(PREFIX.length())),
        new TreeHead(Long.parseLong(lines[1]), Bytes.wrap(root)),
        parseLines(note.substring(middle + 2)));
  }

  private static List<Line> parseLines(String text) {
    if (!text.endsWith("\n")) {
      throw refused("its last line has no end");
    }
    String[] lines = text.substring(0, text.length() - 1).split("\n", -1);
    if (lines.length > LINES_MAX) {
      throw refused("it has more than " + LINES_MAX + " signature lines");
    }
    List<Line> found = new ArrayList<>();
    for (String line : lines) {
      String[] words = line.split(" ", -1);
      byte[] data = words.length == 3 ? decode(words[2]) : null;
      if (data == null || !words[0].equals("\u2014") || data.length <= 4 || !isName(words[1])) {
        throw refused("one of its signature lines is none");
      }
      Bytes all = Bytes.wrap(data);
      found.add(new Line(words[1], all.slice(0, 4), all.slice(4, all.size())));
    }
    return found;
  }

  private static boolean isName(String text) {
    return !text.isEmpty()
        && text.codePoints()
            .noneMatch(
                one -> one == '+' || Character.isWhitespace(one) || Character.isSpaceChar(one));
  }

  /** Decodes base64 that is as it would be encoded; null for any other. */
  public static byte[] decode(String text) {
    try {
      byte[] data = Base64.getDecoder().decode(text);
      return Base64.getEncoder().encodeToString(data).equals(text) ? data : null;
    } catch (IllegalArgumentException error) {
      return null;
    }
  }

  private static AtedbException refused(String why) {
    return new AtedbException(Reason.NON_CANONICAL, "it is not a checkpoint of a chain: " + why);
  }
}
