package gantry.compat.spring;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** What one scenario sent, received and found wrong. Listeners run on threads of the starter. */
final class Tally {
  private static final long LIMIT_MS = 60_000;

  final Set<String> sent = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> received = new ConcurrentHashMap<>();
  private final List<String> faults = new CopyOnWriteArrayList<>();

  String sending(String body) {
    sent.add(body);
    return body;
  }

  void receive(String body) {
    received.merge(body, 1, Integer::sum);
  }

  void check(boolean holds, String fault) {
    if (!holds) faults.add(fault);
  }

  void awaitAll() throws InterruptedException {
    long end = System.currentTimeMillis() + LIMIT_MS;
    while (!received.keySet().containsAll(sent) && System.currentTimeMillis() < end) Thread.sleep(20);
  }

  String row(String scenario, long ms) {
    for (String body : received.keySet()) check(sent.contains(body), "received what was not to come: " + body);
    int total = received.values().stream().mapToInt(Integer::intValue).sum();
    long lost = sent.stream().filter(body -> !received.containsKey(body)).count();
    String quoted = faults.stream()
        .map(fault -> '"' + fault.replaceAll("[^ -~]", " ").replace("\\", "\\\\").replace("\"", "\\\"") + '"')
        .collect(Collectors.joining(","));
    return String.format(
        "{\"scenario\":\"%s\",\"ok\":%s,\"sent\":%d,\"received\":%d,\"duplicates\":%d,\"lost\":%d,\"ms\":%d,\"faults\":[%s]}",
        scenario, faults.isEmpty() && lost == 0, sent.size(), total, total - received.size(), lost, ms, quoted);
  }
}
