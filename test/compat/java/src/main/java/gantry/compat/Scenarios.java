package gantry.compat;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** All scenarios by name. */
final class Scenarios {
    private static final Map<String, Scenario> ALL = new TreeMap<>();

    static {
        ALL.put("send-sync", Sending::sync);
        ALL.put("send-async", Sending::async);
        ALL.put("send-oneway", Sending::oneway);
        ALL.put("send-batch", Sending::batch);
        ALL.put("auto-create", Sending::autoCreate);
        ALL.put("big-body", Sending::bigBody);
        ALL.put("delay", Sending::delay);
        ALL.put("timers", Timing::run);
        ALL.put("clustering", Consuming::clustering);
        ALL.put("pop-clustering", Popping::clustering);
        ALL.put("pop-retry", Popping::retry);
        ALL.put("light-pull", Light::pull);
        ALL.put("light-pop", Light::pop);
        ALL.put("batches-fill", Batching::fill);
        ALL.put("batches-push", Batching::push);
        ALL.put("batches-tags", Batching::tags);
        ALL.put("compaction", Compacting::run);
        ALL.put("static-topic", Mapping::run);
        ALL.put("broadcasting", Consuming::broadcasting);
        ALL.put("orderly", Consuming::orderly);
        ALL.put("tag-filter", Consuming::tagFilter);
        ALL.put("sql-filter", Filtering::push);
        ALL.put("sql-filter-lite", Filtering::litePull);
        ALL.put("retry-dlq", Consuming::retryToDeadLetter);
        ALL.put("restart", Consuming::restart);
        ALL.put("slave-read", Consuming::slaveRead);
        ALL.put("pull", Pulling::pull);
        ALL.put("lite-pull", Pulling::litePull);
        ALL.put("lite-pull-assign", Pulling::litePullAssign);
        ALL.put("transactions", Transacting::run);
        ALL.put("transaction-producer-death", Transacting::producerDeath);
        ALL.put("request-reply", Requesting::run);
        ALL.put("query", Querying::byIdAndKey);
        ALL.put("timestamp", Querying::byTimestamp);
        ALL.put("fill", Sending::fill);
        ALL.put("drain", Consuming::drain);
        ALL.put("hold", Consuming::hold);
        ALL.put("steady-send", Steady::send);
        ALL.put("steady-consume", Steady::consume);
        ALL.put("api", AdminCalls::run);
    }

    private Scenarios() {
    }

    static Scenario find(String name) {
        Scenario scenario = ALL.get(name);
        if (scenario == null) {
            throw new IllegalArgumentException("unknown scenario " + name + ", known: " + names());
        }
        return scenario;
    }

    static Set<String> names() {
        return ALL.keySet();
    }
}
