package dev.picos.core.internal;

/**
 * Makes sure that there is stack, before something begins that a {@link StackOverflowError} must
 * not cut short. Each method here finds as much stack below its caller as its name says, or throws
 * or says so, and has no other effect.
 *
 * <p>The amounts are ordered. Whoever has found one of them may call what needs a smaller one, from
 * a few frames further down.
 */
public final class Headroom {
  // For maintainers.
  //
  // The virtual machine reports a lack of stack only when it occurs, so this goes and looks. It
  // calls itself a few times, and each of its frames is about a kilobyte. So 16 calls, which take
  // 20 nanoseconds, look as far as 1024 calls of a method without locals, which take a microsecond.
  // Rejected: frames of four kilobytes. Four of them take ten nanoseconds, but the JVM compiles so
  // many locals for seconds, and everything is several times slower until then.
  //
  // The frame is big because of a branch that is hardly ever taken. Its locals belong to the frame
  // of an interpreted method anyway. In a compiled method they are alive across calls, and so they
  // need places in the frame. But a compiler leaves out a branch that has never been taken while
  // the method was profiled. When that is depends on how busy the compiler's threads are. Therefore
  // the branch is taken once in each of the first PRACTICE looks, by when the method has long been
  // profiled. HeadroomTest measures what has become of the frames.
  //
  // How much is needed was found by trying. To wake a fiber takes some forty frames of core, a
  // scheduler and the JDK: eight kilobytes if they are interpreted, and sometimes more, when
  // something is linked on the way. To clean up after a scope loads classes of the JDK if many
  // fibers have failed.

  private static final int HANDING_OVER = 8;
  private static final int RELEASING = 12;
  private static final int WAKING = 16;
  private static final int HOLDING = 16;
  private static final int SCOPE = 48;

  private static final int PRACTICE = 20_000;

  /** How often the branch has been taken, more or less: threads may count at the same time. */
  private static int practised;

  /** Volatile, so that what is read comes from there, and is kept until all of it is written. */
  private static volatile long sink;

  private Headroom() {}

  /** Whether there is stack for waking fibers, whatever their schedulers. */
  public static boolean isEnoughToWake() {
    try {
      look(WAKING);
      return true;
    } catch (StackOverflowError tooLittle) {
      return false;
    }
  }

  /**
   * Throws {@link StackOverflowError} now if there is too little stack to change the state of
   * something, and then to signal a trigger or complete a computation because of that.
   */
  public static void requireToRelease() {
    look(RELEASING);
  }

  /**
   * Throws {@link StackOverflowError} now if there is too little stack to have another thread wake
   * fibers.
   */
  public static void requireToHandOver() {
    look(HANDING_OVER);
  }

  /**
   * Throws {@link StackOverflowError} now if there is too little stack for giving something back,
   * which {@linkplain #requireToRelease releases}. Code asks for it before it takes that.
   */
  public static void requireToHold() {
    look(HOLDING);
  }

  /**
   * Throws {@link StackOverflowError} now if there is too little stack for cleaning up. Code asks
   * for it before it runs a body: if the body overflows the stack, what was available when the body
   * was called is available for cleaning up after it.
   */
  public static void requireForScope() {
    look(SCOPE);
  }

  /** Goes {@code levels} frames down and comes back. */
  static void look(int levels) {
    if (practised < PRACTICE) {
      practised++;
      descend(-1);
    }
    descend(levels);
  }

  /** Has {@code levels} more frames on the stack for a moment. */
  private static void descend(int levels) {
    if (levels > 0) {
      descend(levels - 1);
    } else if (levels < 0) {
      long a0 = sink;
      long a1 = sink;
      long a2 = sink;
      long a3 = sink;
      long a4 = sink;
      long a5 = sink;
      long a6 = sink;
      long a7 = sink;
      long a8 = sink;
      long a9 = sink;
      long a10 = sink;
      long a11 = sink;
      long a12 = sink;
      long a13 = sink;
      long a14 = sink;
      long a15 = sink;
      long a16 = sink;
      long a17 = sink;
      long a18 = sink;
      long a19 = sink;
      long a20 = sink;
      long a21 = sink;
      long a22 = sink;
      long a23 = sink;
      long a24 = sink;
      long a25 = sink;
      long a26 = sink;
      long a27 = sink;
      long a28 = sink;
      long a29 = sink;
      long a30 = sink;
      long a31 = sink;
      long a32 = sink;
      long a33 = sink;
      long a34 = sink;
      long a35 = sink;
      long a36 = sink;
      long a37 = sink;
      long a38 = sink;
      long a39 = sink;
      long a40 = sink;
      long a41 = sink;
      long a42 = sink;
      long a43 = sink;
      long a44 = sink;
      long a45 = sink;
      long a46 = sink;
      long a47 = sink;
      long a48 = sink;
      long a49 = sink;
      long a50 = sink;
      long a51 = sink;
      long a52 = sink;
      long a53 = sink;
      long a54 = sink;
      long a55 = sink;
      long a56 = sink;
      long a57 = sink;
      long a58 = sink;
      long a59 = sink;
      long a60 = sink;
      long a61 = sink;
      long a62 = sink;
      long a63 = sink;
      long a64 = sink;
      long a65 = sink;
      long a66 = sink;
      long a67 = sink;
      long a68 = sink;
      long a69 = sink;
      long a70 = sink;
      long a71 = sink;
      long a72 = sink;
      long a73 = sink;
      long a74 = sink;
      long a75 = sink;
      long a76 = sink;
      long a77 = sink;
      long a78 = sink;
      long a79 = sink;
      long a80 = sink;
      long a81 = sink;
      long a82 = sink;
      long a83 = sink;
      long a84 = sink;
      long a85 = sink;
      long a86 = sink;
      long a87 = sink;
      long a88 = sink;
      long a89 = sink;
      long a90 = sink;
      long a91 = sink;
      long a92 = sink;
      long a93 = sink;
      long a94 = sink;
      long a95 = sink;
      long a96 = sink;
      long a97 = sink;
      long a98 = sink;
      long a99 = sink;
      long a100 = sink;
      long a101 = sink;
      long a102 = sink;
      long a103 = sink;
      long a104 = sink;
      long a105 = sink;
      long a106 = sink;
      long a107 = sink;
      long a108 = sink;
      long a109 = sink;
      long a110 = sink;
      long a111 = sink;
      long a112 = sink;
      long a113 = sink;
      long a114 = sink;
      long a115 = sink;
      long a116 = sink;
      long a117 = sink;
      long a118 = sink;
      long a119 = sink;
      keep(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9);
      keep(a10, a11, a12, a13, a14, a15, a16, a17, a18, a19);
      keep(a20, a21, a22, a23, a24, a25, a26, a27, a28, a29);
      keep(a30, a31, a32, a33, a34, a35, a36, a37, a38, a39);
      keep(a40, a41, a42, a43, a44, a45, a46, a47, a48, a49);
      keep(a50, a51, a52, a53, a54, a55, a56, a57, a58, a59);
      keep(a60, a61, a62, a63, a64, a65, a66, a67, a68, a69);
      keep(a70, a71, a72, a73, a74, a75, a76, a77, a78, a79);
      keep(a80, a81, a82, a83, a84, a85, a86, a87, a88, a89);
      keep(a90, a91, a92, a93, a94, a95, a96, a97, a98, a99);
      keep(a100, a101, a102, a103, a104, a105, a106, a107, a108, a109);
      keep(a110, a111, a112, a113, a114, a115, a116, a117, a118, a119);
    }
  }

  private static void keep(
      long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    sink = a;
    sink = b;
    sink = c;
    sink = d;
    sink = e;
    sink = f;
    sink = g;
    sink = h;
    sink = i;
    sink = j;
  }
}
