package gantry.compat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a scenario sent and received, by message key; thread-safe. */
final class Tally {
    /** For what has to come: met in seconds, unless the machine has other things to do. */
    static final long LIMIT_MS = 120_000;
    private final Map<String, Integer> expected = new TreeMap<>();
    private final Map<String, Integer> seen = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();
    private int sent;

    /** The message was acknowledged by the broker and must arrive {@code copies} times (once per broadcast consumer, for example). */
    synchronized void sent(String key, int copies) {
        sent++;
        if (copies > 0) {
            expected.merge(key, copies, Integer::sum);
        }
    }

    /** One more copy of {@code key} must arrive, without another send. */
    synchronized void expect(String key) {
        expected.merge(key, 1, Integer::sum);
    }

    synchronized void received(String key) {
        seen.merge(key, 1, Integer::sum);
        notifyAll();
    }

    synchronized void fault(String text) {
        if (faults.size() < 20) {
            faults.add(text);
        }
        notifyAll();
    }

    void check(boolean holds, String fact) {
        if (!holds) {
            fault(fact);
        }
    }

    synchronized int lost() {
        int lost = 0;
        for (Map.Entry<String, Integer> entry : expected.entrySet()) {
            lost += Math.max(0, entry.getValue() - seen.getOrDefault(entry.getKey(), 0));
        }
        return lost;
    }

    synchronized int surplus() {
        int surplus = 0;
        for (Map.Entry<String, Integer> entry : seen.entrySet()) {
            surplus += Math.max(0, entry.getValue() - expected.getOrDefault(entry.getKey(), 0));
        }
        return surplus;
    }

    synchronized int receivedCount() {
        return seen.values().stream().mapToInt(Integer::intValue).sum();
    }

    synchronized boolean hasFaults() {
        return !faults.isEmpty();
    }

    /** Waits until everything expected has arrived, at most {@link #LIMIT_MS}; then a little longer so that surplus copies show. */
    void settle() throws InterruptedException {
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        synchronized (this) {
            while (lost() > 0 && System.currentTimeMillis() < deadline) {
                wait(100);
            }
        }
        Thread.sleep(300);
    }

    synchronized Map<String, Object> result(boolean duplicatesAllowed) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("sent", sent);
        row.put("received", receivedCount());
        row.put("duplicates", surplus());
        row.put("lost", lost());
        row.put("ok", faults.isEmpty() && lost() == 0 && (duplicatesAllowed || surplus() == 0));
        row.put("faults", new ArrayList<>(faults));
        return row;
    }
}
