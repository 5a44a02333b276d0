package gantry.compat.spring;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;

/** The tally of each scenario, by its name. */
@Component
class Tallies {
  private final Map<String, Tally> byScenario = new ConcurrentHashMap<>();

  Tally of(String scenario) {
    return byScenario.computeIfAbsent(scenario, name -> new Tally());
  }
}
