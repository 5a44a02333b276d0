package gantry.compat.grpc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What was sent and what arrived in one scenario, by the text of the body. */
final class Outcome {
    final Set<String> sent = ConcurrentHashMap.newKeySet();
    final Map<String, AtomicInteger> received = new ConcurrentHashMap<>();
    final List<String> faults = java.util.Collections.synchronizedList(new ArrayList<>());

    int receive(String body) {
        return received.computeIfAbsent(body, key -> new AtomicInteger()).incrementAndGet();
    }

    void check(boolean holds, String fault) {
        if (!holds) faults.add(fault);
    }

    /** Waits until all that was sent has come. */
    void awaitAll(long seconds) throws InterruptedException {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!received.keySet().containsAll(sent) && System.nanoTime() < end) Thread.sleep(20);
    }

    String json(String scenario, long ms) {
        int total = received.values().stream().mapToInt(AtomicInteger::get).sum();
        long lost = sent.stream().filter(body -> !received.containsKey(body)).count();
        for (String body : received.keySet()) check(sent.contains(body), "received what was not to come: " + body);
        boolean ok = faults.isEmpty() && lost == 0;
        StringBuilder text = new StringBuilder();
        for (String fault : faults) {
            if (text.length() > 0) text.append(',');
            text.append('"').append(fault.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ")).append('"');
        }
        return String.format("{\"scenario\":\"%s\",\"ok\":%b,\"sent\":%d,\"received\":%d,\"duplicates\":%d,\"lost\":%d,\"ms\":%d,\"faults\":[%s]}",
            scenario, ok, sent.size(), total, total - received.size(), lost, ms, text);
    }
}
