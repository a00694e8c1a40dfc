package dev.picos.sched.multififo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The lanes of one execution, and which of them may hold fibers. So a domain that looks for a fiber
 * reads one word for every 64 lanes, and the lanes that hold one, however many lanes there are.
 */
final class Lanes {
  // For maintainers.
  //
  // A lane that holds a fiber is marked. The owner of a lane alone marks it, before it adds a
  // fiber,
  // and removes the mark when it finds its lane empty, which nobody else can change. So there is no
  // race between the two. A mark may be there before the fiber is, or be left though others have
  // taken the last one; then a look at that lane is for nothing.
  //
  // A domain that does not see the fiber, or the mark, may leave: the owner is awake, and looks at
  // its own lane first.

  private static final VarHandle MARKS = MethodHandles.arrayElementVarHandle(long[].class);

  private final List<Lane> all;
  private final long[] marks;

  Lanes(int count, int quota) {
    marks = new long[(count + Long.SIZE - 1) / Long.SIZE];
    int[] counts = Lane.newCounts(count);
    all =
        IntStream.range(0, count).mapToObj(index -> new Lane(this, counts, index, quota)).toList();
  }

  List<Lane> all() {
    return all;
  }

  int count() {
    return all.size();
  }

  Lane get(int index) {
    return all.get(index);
  }

  void mark(int index) {
    long unused = (long) MARKS.getAndBitwiseOr(marks, index / Long.SIZE, 1L << index);
  }

  void unmark(int index) {
    long unused = (long) MARKS.getAndBitwiseAnd(marks, index / Long.SIZE, ~(1L << index));
  }

  /** Returns the next lane in the cycle after that of the given index that holds a fiber. */
  @Nullable Lane nextOccupied(int index) {
    int before = 0;
    int other = nextMarked(index);
    int distance = distance(index, other);
    while (distance > before) { // else the cycle is complete
      Lane lane = all.get(other);
      if (!lane.isVacant()) {
        return lane;
      }
      before = distance;
      other = nextMarked(other);
      distance = distance(index, other);
    }
    return null;
  }

  private int distance(int from, int to) {
    return Math.floorMod(to - from, all.size());
  }

  /** Returns the next marked lane in the cycle; the given one itself if there is no other. */
  int nextMarked(int index) {
    int word = index / Long.SIZE;
    long marked = marked(word) & (-2L << index); // those behind it; it itself comes last
    for (int i = 0; marked == 0 && i < marks.length; i++) {
      word = (word + 1) % marks.length;
      marked = marked(word);
    }
    return marked == 0 ? index : word * Long.SIZE + Long.numberOfTrailingZeros(marked);
  }

  private long marked(int word) {
    return (long) MARKS.getVolatile(marks, word);
  }
}
