package dev.picos.std.resource;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A resource, how often it was released, and whether it was used after that. */
final class Counted {
  private final AtomicInteger releases = new AtomicInteger();
  private volatile boolean usedLate;

  /**
   * This is plain on purpose: what the user of the resource writes must be seen by the one that
   * releases it.
   */
  private int uses;

  private int usesSeen;

  void use() {
    uses++;
    usedLate |= releases.get() > 0;
  }

  void release() {
    usesSeen = uses;
    releases.incrementAndGet();
  }

  /** To be called when everything is over. */
  String verdict() {
    String uses = usesSeen == this.uses ? "" : ", uses not seen";
    return "released " + releases.get() + (usedLate ? ", used late" : "") + uses;
  }

  /** The outcome of an attempt to use it: done, or why not. */
  static String attempt(Runnable use) {
    try {
      use.run();
      return "done";
    } catch (IllegalStateException misuse) {
      @Nullable String message = misuse.getMessage();
      return message == null ? "?" : message.substring(0, message.indexOf(':'));
    }
  }

  /**
   * An instance with several owners that looks and then writes, instead of using a compare-and-set.
   */
  static final class BrokenInstance {
    private final Counted resource = new Counted();
    private volatile String state = "";

    private boolean change(String before, String after) {
      if (!state.equals(before)) {
        return false;
      }
      state = after;
      return true;
    }

    private String use(String meanwhile, Runnable end) {
      if (!change("", meanwhile)) {
        return state;
      }
      resource.use();
      end.run();
      return "done";
    }

    String move() {
      return use("transferred", resource::release);
    }

    String borrow() {
      return use(
          "borrowed",
          () -> {
            if (!change("borrowed", "")) {
              resource.release();
            }
          });
    }

    void drop() {
      if (change("", "dropped")) {
        resource.release();
      } else {
        change("borrowed", "dropped");
      }
    }

    String verdict() {
      return resource.verdict();
    }
  }
}
