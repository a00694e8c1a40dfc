package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Ivar;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;

/**
 * A ping-pong tournament. In each round every player looks for a partner at several tables at the
 * same time, ready to challenge as well as to be challenged, and plays with the first who comes.
 */
class TournamentTest {
  private static final int PLAYERS = 8;
  private static final int TABLES = 3;
  private static final int ROUNDS = 20;
  private static final int STROKES = 10;

  /** What a player offers: who it is, where to say who accepts it, and where the ball flies. */
  record Challenge(int player, Ivar<Integer> accepted, Channel<Integer> ball) {}

  /** To find a partner and to play; gives who it was. */
  private static Event<Integer> game(int player, List<Channel<Challenge>> tables) {
    Challenge mine = new Challenge(player, new Ivar<>(), Channel.rendezvous());
    List<Event<Integer>> ways = new ArrayList<>();
    for (Channel<Challenge> table : tables) {
      ways.add(table.sendEvent(mine).wrap(sent -> serve(mine)));
      ways.add(table.receiveEvent().wrap(theirs -> accept(player, theirs)));
    }
    return Event.choose(ways);
  }

  private static int serve(Challenge mine) {
    int partner = mine.accepted.read();
    for (int stroke = 0; stroke < STROKES; stroke += 2) {
      mine.ball.send(stroke);
      assertThat(mine.ball.receive()).isEqualTo(stroke + 1);
    }
    return partner;
  }

  private static int accept(int player, Challenge theirs) {
    theirs.accepted.fill(player);
    for (int stroke = 0; stroke < STROKES; stroke += 2) {
      assertThat(theirs.ball.receive()).isEqualTo(stroke);
      theirs.ball.send(stroke + 1);
    }
    return theirs.player;
  }

  @OnEveryScheduler
  void everyRound(Scheduler scheduler) {
    // each player has exactly one partner, who has it as partner; nobody meets itself; no challenge
    // is left at a table
    scheduler.run(
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            List<Channel<Challenge>> tables =
                Stream.generate(Channel::<Challenge>rendezvous).limit(TABLES).toList();
            AtomicIntegerArray partners = new AtomicIntegerArray(PLAYERS);
            Flock.run(
                () -> {
                  for (int i = 0; i < PLAYERS; i++) {
                    int player = i;
                    Flock.fork(() -> partners.set(player, game(player, tables).sync()));
                  }
                });
            for (int player = 0; player < PLAYERS; player++) {
              int partner = partners.get(player);
              assertThat(partner).isNotEqualTo(player);
              assertThat(partners.get(partner)).isEqualTo(player);
            }
            assertThat(tables).allSatisfy(table -> assertThat(table.tryReceive()).isNull());
          }
        });
  }

  @OnEveryScheduler
  void oddNumber(Scheduler scheduler) {
    // who finds nobody goes home when everyone else has played, and has not met anyone
    int players = PLAYERS + 1;
    scheduler.run(
        () -> {
          List<Channel<Challenge>> tables =
              Stream.generate(Channel::<Challenge>rendezvous).limit(TABLES).toList();
          Channel<Integer> played = Channel.unbounded();
          Ivar<String> closing = new Ivar<>();
          Channel<Integer> alone = Channel.unbounded();
          Flock.run(
              () -> {
                for (int i = 0; i < players; i++) {
                  int player = i;
                  Flock.fork(
                      () -> {
                        boolean met =
                            Event.select(
                                game(player, tables).map(partner -> true),
                                closing.readEvent().map(word -> false));
                        (met ? played : alone).send(player);
                      });
                }
                for (int i = 0; i < PLAYERS; i++) {
                  int unused = played.receive();
                }
                closing.fill("good night");
              });
          assertThat(alone.tryReceive()).isNotNull();
          assertThat(alone.tryReceive()).isNull();
          assertThat(played.tryReceive()).isNull();
          assertThat(tables).allSatisfy(table -> assertThat(table.tryReceive()).isNull());
        });
  }
}
