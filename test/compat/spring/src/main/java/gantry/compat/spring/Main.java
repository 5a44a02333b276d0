package gantry.compat.spring;

import java.util.Arrays;
import java.util.Map;
import org.springframework.boot.Banner;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;

/**
 * Main NAMESRV SCENARIO...: an application with Spring's starter against a cluster; prints a JSON line for each scenario. Its
 * listeners are there before the first message.
 */
@SpringBootApplication
public class Main {
  private static final int SETTLE_MS = 8000;

  public static void main(String[] args) throws Exception {
    var application = new SpringApplicationBuilder(Main.class)
        .bannerMode(Banner.Mode.OFF)
        .logStartupInfo(false)
        .properties(Map.of(
            "logging.level.root", "ERROR",
            "rocketmq.name-server", args[0],
            "rocketmq.producer.group", "g-spring-producer",
            "rocketmq.producer.send-message-timeout", "20000",
            "rocketmq.pull-consumer.group", "g-spring-receive",
            "rocketmq.pull-consumer.topic", "spring-receive"));
    try (var context = application.run()) {
      Thread.sleep(SETTLE_MS);
      var scenarios = context.getBean(Scenarios.class);
      var tallies = context.getBean(Tallies.class);
      for (String name : Arrays.copyOfRange(args, 1, args.length)) {
        long startMs = System.currentTimeMillis();
        Tally tally = tallies.of(name);
        try {
          scenarios.byName.get(name).run(tally);
        } catch (Exception error) {
          tally.check(false, String.valueOf(error));
        }
        System.out.println(tally.row(name, System.currentTimeMillis() - startMs));
      }
    }
    System.exit(0);
  }
}
