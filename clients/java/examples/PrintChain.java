import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ClientOptions;
import io.atedb.EventKind;
import io.atedb.EventStream;

/**
 * Prints the data of a chain, verified. Arguments: a server and a chain key, as {@code localhost
 * example.com/me/diary}.
 */
public final class PrintChain {
  private PrintChain() {}

  public static void main(String[] arguments) {
    // Nothing is kept here: with a home folder, a server that goes back would be noticed.
    ClientOptions options = ClientOptions.defaults().home(null);
    try (AtedbClient client = AtedbClient.connect(arguments[0], options);
        Chain chain = client.open(arguments[1]);
        EventStream events = chain.read()) {
      for (ChainEvent event : events) {
        if (event.kind() == EventKind.DATA) {
          System.out.println(event.sequence() + " " + event.text());
        }
      }
      System.out.println("verified: " + chain.verify().size() + " commits");
    } catch (AtedbException error) {
      System.err.println(error.reason() + ": " + error.getMessage());
      System.exit(1);
    }
  }
}
