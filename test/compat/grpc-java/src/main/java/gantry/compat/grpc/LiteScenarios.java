package gantry.compat.grpc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.LitePushConsumer;
import org.apache.rocketmq.client.apis.consumer.MessageListener;
import org.apache.rocketmq.client.apis.consumer.OffsetOption;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Lite topics of the topic lite-parent, consumed by groups g-SCENARIO that are bound to it. */
final class LiteScenarios {
    private static final String TOPIC = "lite-parent";
    private static final long WAIT_SECONDS = 60;
    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final ClientConfiguration configuration;

    LiteScenarios(ClientConfiguration configuration) {
        this.configuration = configuration;
    }

    void run(String name, Outcome outcome) throws Exception {
        switch (name) {
            case "lite-shared" -> shared(outcome);
            case "lite-exclusive" -> exclusive(outcome);
            case "lite-position" -> position(outcome);
            case "lite-retry" -> retry(outcome);
            case "lite-refusals" -> refusals(outcome);
            default -> throw new IllegalArgumentException("no scenario " + name);
        }
    }

    private Producer producer() throws ClientException {
        return provider.newProducerBuilder().setClientConfiguration(configuration).setTopics(TOPIC).build();
    }

    private LitePushConsumer consumer(String group, MessageListener listener) throws ClientException {
        return provider.newLitePushConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup(group)
            .bindTopic(TOPIC).setConsumptionThreadCount(4).setMessageListener(listener).build();
    }

    private void send(Producer producer, String lite, String body) throws ClientException {
        producer.send(provider.newMessageBuilder().setTopic(TOPIC).setLiteTopic(lite).setBody(body.getBytes(StandardCharsets.UTF_8)).build());
    }

    private static String body(MessageView message) {
        return StandardCharsets.UTF_8.decode(message.getBody()).toString();
    }

    /** Two consumers of a group: each message goes to one of them, those of a lite topic in order. */
    private void shared(Outcome outcome) throws Exception {
        Map<String, List<String>> byLite = new ConcurrentHashMap<>();
        MessageListener listener = message -> {
            String lite = message.getLiteTopic().orElse("none");
            if (outcome.receive(body(message)) == 1) byLite.computeIfAbsent(lite, key -> new CopyOnWriteArrayList<>()).add(body(message));
            outcome.check(body(message).startsWith(lite + " "), "lite topic " + lite + " of " + body(message));
            return ConsumeResult.SUCCESS;
        };
        try (LitePushConsumer one = consumer("g-lite-shared", listener); LitePushConsumer two = consumer("g-lite-shared", listener);
            Producer producer = producer()) {
            for (int lite = 0; lite < 8; lite++) for (LitePushConsumer consumer : List.of(one, two)) consumer.subscribeLite("shared-" + lite);
            for (int i = 0; i < 10; i++) {
                for (int lite = 0; lite < 8; lite++) {
                    outcome.sent.add("shared-" + lite + " " + i);
                    send(producer, "shared-" + lite, "shared-" + lite + " " + i);
                }
            }
            send(producer, "nobody", "nobody wants this");
            outcome.awaitAll(WAIT_SECONDS);
            for (int lite = 0; lite < 8; lite++) {
                List<String> got = byLite.getOrDefault("shared-" + lite, List.of());
                for (int i = 0; i < got.size(); i++) outcome.check(got.get(i).endsWith(" " + i), "order " + got);
            }
            outcome.check(one.getLiteTopicSet().size() == 8, "subscriptions " + one.getLiteTopicSet());
        }
    }

    /** The latest subscriber has the lite topic; the one before is told. */
    private void exclusive(Outcome outcome) throws Exception {
        Set<String> ofFirst = ConcurrentHashMap.newKeySet();
        try (LitePushConsumer one = consumer("g-lite-exclusive", message -> {
            outcome.receive(body(message));
            ofFirst.add(body(message));
            return ConsumeResult.SUCCESS;
        }); LitePushConsumer two = consumer("g-lite-exclusive", message -> {
            outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer()) {
            one.subscribeLite("exclusive");
            outcome.sent.add("to the first");
            send(producer, "exclusive", "to the first");
            outcome.awaitAll(WAIT_SECONDS);
            two.subscribeLite("exclusive");
            for (int i = 0; i < 100 && !one.getLiteTopicSet().isEmpty(); i++) Thread.sleep(100);
            outcome.check(one.getLiteTopicSet().isEmpty(), "the first still has " + one.getLiteTopicSet());
            outcome.sent.add("to the second");
            send(producer, "exclusive", "to the second");
            outcome.awaitAll(WAIT_SECONDS);
            outcome.check(!ofFirst.contains("to the second"), "the first got what is for the second");
        }
    }

    private void position(Outcome outcome) throws Exception {
        try (Producer producer = producer(); LitePushConsumer consumer = consumer("g-lite-position", message -> {
            outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        })) {
            for (int i = 0; i < 5; i++) send(producer, "position", "position " + i);
            for (int i = 2; i < 5; i++) outcome.sent.add("position " + i);
            consumer.subscribeLite("position", OffsetOption.ofOffset(2));
            outcome.awaitAll(WAIT_SECONDS);
            consumer.unsubscribeLite("position");
            send(producer, "position", "when nobody subscribes");
            Thread.sleep(2000);
            outcome.check(!outcome.received.containsKey("when nobody subscribes"), "got a message without subscription");
        }
    }

    private void retry(Outcome outcome) throws Exception {
        Map<String, AtomicInteger> attempts = new ConcurrentHashMap<>();
        try (LitePushConsumer consumer = consumer("g-lite-retry", message -> {
            int attempt = attempts.computeIfAbsent(body(message), key -> new AtomicInteger()).incrementAndGet();
            if (attempt < 3) return ConsumeResult.FAILURE;
            outcome.receive(body(message));
            outcome.check(message.getDeliveryAttempt() >= 2, "attempt " + message.getDeliveryAttempt());
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer()) {
            consumer.subscribeLite("retry");
            for (int i = 0; i < 3; i++) {
                outcome.sent.add("retry " + i);
                send(producer, "retry", "retry " + i);
            }
            outcome.awaitAll(WAIT_SECONDS);
        }
    }

    private void refusals(Outcome outcome) throws IOException {
        refused(outcome, "a lite topic with a dollar", () -> {
            try (Producer producer = producer()) {
                send(producer, "a$b", "x");
            }
        });
        refused(outcome, "a consumer of a regular group", () -> consumer("g-regular", message -> ConsumeResult.SUCCESS).close());
        refused(outcome, "more lite topics than the group's quota", () -> {
            try (LitePushConsumer consumer = consumer("g-lite-refusals", message -> ConsumeResult.SUCCESS)) {
                for (int i = 0; i < 3; i++) consumer.subscribeLite("quota-" + i);
            }
        });
    }

    private interface Step {
        void run() throws Exception;
    }

    private static void refused(Outcome outcome, String what, Step step) {
        outcome.sent.add(what);
        try {
            step.run();
        } catch (Exception e) {
            outcome.receive(what);
        }
    }
}
