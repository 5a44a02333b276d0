package gantry.compat.grpc;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CompletableFuture;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.FilterExpressionType;
import org.apache.rocketmq.client.apis.consumer.MessageListener;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;
import org.apache.rocketmq.client.apis.producer.Transaction;
import org.apache.rocketmq.client.apis.producer.TransactionResolution;

/**
 * Ways to send and to consume. Topics grpc-normal, grpc-fifo, grpc-delay and grpc-transaction are there with the types their names say, and
 * groups g-SCENARIO.
 */
final class Scenarios {
    private static final int MESSAGES = 60;
    private static final long WAIT_SECONDS = 60;
    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final ClientConfiguration configuration;

    Scenarios(ClientConfiguration configuration) {
        this.configuration = configuration;
    }

    void run(String name, Outcome outcome) throws Exception {
        switch (name) {
            case "push" -> push(outcome);
            case "async" -> async(outcome);
            case "big-body" -> bigBody(outcome);
            case "tag-filter" -> filter(outcome, "g-tag-filter", new FilterExpression("red || green", FilterExpressionType.TAG));
            case "sql-filter" -> filter(outcome, "g-sql-filter", new FilterExpression("price > 10 AND color <> 'blue'", FilterExpressionType.SQL92));
            case "fifo" -> fifo(outcome);
            case "delay" -> delay(outcome);
            case "recall" -> recall(outcome);
            case "transaction" -> transaction(outcome);
            case "orphans" -> orphans(outcome);
            case "simple" -> simple(outcome);
            case "retry" -> retry(outcome);
            case "dead-letter" -> deadLetter(outcome);
            case "refusals" -> refusals(outcome);
            case "send-one" -> sendOne(outcome);
            case "receive-one" -> receiveOne(outcome);
            default -> throw new IllegalArgumentException("no scenario " + name);
        }
    }

    private Producer producer(String... topics) throws ClientException {
        return provider.newProducerBuilder().setClientConfiguration(configuration).setTopics(topics).build();
    }

    private PushConsumer consumer(String topic, String group, FilterExpression filter, MessageListener listener) throws ClientException {
        return provider.newPushConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup(group)
            .setSubscriptionExpressions(Map.of(topic, filter)).setConsumptionThreadCount(8).setMessageListener(listener).build();
    }

    private MessageBuilder message(String topic, String body) {
        return provider.newMessageBuilder().setTopic(topic).setBody(body.getBytes(StandardCharsets.UTF_8));
    }

    private static String body(MessageView message) {
        return StandardCharsets.UTF_8.decode(message.getBody()).toString();
    }

    /** A consumer that starts at the end of the queues has to be there before the first message. */
    private static void settle() throws InterruptedException {
        Thread.sleep(3000);
    }

    private void push(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-normal", "g-push", FilterExpression.SUB_ALL, message -> {
            String body = body(message);
            if (!body.startsWith("push ")) return ConsumeResult.SUCCESS;
            outcome.receive(body);
            outcome.check(message.getTag().orElse("").equals("tag"), "tag " + message.getTag());
            outcome.check(message.getKeys().containsAll(List.of("key-" + body.substring(5), "all")), "keys " + message.getKeys());
            outcome.check(body.equals(message.getProperties().get("own")), "properties " + message.getProperties());
            outcome.check(message.getDeliveryAttempt() == 1, "attempt " + message.getDeliveryAttempt());
            outcome.check(message.getTopic().equals("grpc-normal"), "topic " + message.getTopic());
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-normal")) {
            settle();
            for (int i = 0; i < MESSAGES; i++) {
                String body = "push " + i;
                outcome.sent.add(body);
                SendReceipt receipt = producer.send(message("grpc-normal", body).setTag("tag").setKeys("key-" + i, "all").addProperty("own", body).build());
                outcome.check(!receipt.getMessageId().toString().isEmpty(), "no message id");
            }
            outcome.awaitAll(WAIT_SECONDS);
        }
    }

    private void async(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-normal", "g-async", FilterExpression.SUB_ALL, message -> {
            if (body(message).startsWith("async ")) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-normal")) {
            settle();
            List<CompletableFuture<SendReceipt>> receipts = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                outcome.sent.add("async " + i);
                receipts.add(producer.sendAsync(message("grpc-normal", "async " + i).build()));
            }
            for (CompletableFuture<SendReceipt> receipt : receipts) receipt.get();
            outcome.awaitAll(WAIT_SECONDS);
        }
    }

    private void bigBody(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-normal", "g-big-body", FilterExpression.SUB_ALL, message -> {
            if (message.getBody().remaining() > 100_000) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-normal")) {
            settle();
            for (int size : new int[] {200_000, 1_000_000, 3_900_000}) {
                String body = "x".repeat(size);
                outcome.sent.add(body);
                producer.send(message("grpc-normal", body).build());
            }
            outcome.awaitAll(WAIT_SECONDS);
        }
    }

    private void filter(Outcome outcome, String group, FilterExpression filter) throws Exception {
        try (PushConsumer consumer = consumer("grpc-normal", group, filter, message -> {
            if (body(message).startsWith(group)) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-normal")) {
            settle();
            String[] colors = {"red", "green", "blue"};
            for (int i = 0; i < MESSAGES; i++) {
                String color = colors[i % 3];
                String body = group + " " + i + " " + color;
                boolean wanted = filter.getFilterExpressionType() == FilterExpressionType.TAG ? i % 3 < 2 : i > 10 && i % 3 < 2;
                if (wanted) outcome.sent.add(body);
                producer.send(message("grpc-normal", body).setTag(color).addProperty("color", color).addProperty("price", "" + i).build());
            }
            outcome.awaitAll(WAIT_SECONDS);
            Thread.sleep(1000);
        }
    }

    private void fifo(Outcome outcome) throws Exception {
        Map<String, List<Integer>> orders = new ConcurrentHashMap<>();
        Map<String, Boolean> failed = new ConcurrentHashMap<>();
        try (PushConsumer consumer = consumer("grpc-fifo", "g-fifo", FilterExpression.SUB_ALL, message -> {
            String body = body(message);
            String group = message.getMessageGroup().orElse("none");
            int number = Integer.parseInt(body.substring(body.lastIndexOf(' ') + 1));
            // Fails once: the next of its group has to wait for it.
            if (number == 7 && failed.putIfAbsent(group, true) == null) return ConsumeResult.FAILURE;
            outcome.receive(body);
            orders.computeIfAbsent(group, key -> Collections.synchronizedList(new ArrayList<>())).add(number);
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-fifo")) {
            settle();
            for (int i = 0; i < 20; i++) {
                for (String group : new String[] {"a", "b", "c"}) {
                    String body = "fifo " + group + " " + i;
                    outcome.sent.add(body);
                    producer.send(message("grpc-fifo", body).setMessageGroup(group).build());
                }
            }
            outcome.awaitAll(2 * WAIT_SECONDS);
            for (Map.Entry<String, List<Integer>> entry : orders.entrySet()) {
                List<Integer> sorted = new ArrayList<>(entry.getValue());
                Collections.sort(sorted);
                outcome.check(sorted.equals(entry.getValue()), "order of " + entry.getKey() + ": " + entry.getValue());
            }
        }
    }

    private void delay(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-delay", "g-delay", FilterExpression.SUB_ALL, message -> {
            if (!body(message).startsWith("delay ")) return ConsumeResult.SUCCESS;
            outcome.receive(body(message));
            long late = System.currentTimeMillis() - message.getDeliveryTimestamp().orElse(0L);
            outcome.check(late > -1100 && late < 20_000, "late by " + late + " ms");
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-delay")) {
            settle();
            for (int i = 0; i < 10; i++) {
                outcome.sent.add("delay " + i);
                producer.send(message("grpc-delay", "delay " + i).setDeliveryTimestamp(System.currentTimeMillis() + 2000 + 300 * i).build());
            }
            outcome.awaitAll(WAIT_SECONDS);
        }
    }

    private void recall(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-delay", "g-recall", FilterExpression.SUB_ALL, message -> {
            if (body(message).startsWith("recall ")) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-delay")) {
            settle();
            for (int i = 0; i < 6; i++) {
                SendReceipt receipt = producer.send(message("grpc-delay", "recall " + i).setDeliveryTimestamp(System.currentTimeMillis() + 6000).build());
                if (i % 2 == 0) outcome.sent.add("recall " + i);
                else producer.recallMessage("grpc-delay", receipt.getRecallHandle());
            }
            outcome.awaitAll(WAIT_SECONDS);
            Thread.sleep(2000);
        }
    }

    private void transaction(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-transaction", "g-transaction", FilterExpression.SUB_ALL, message -> {
            if (body(message).startsWith("transaction ")) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = provider.newProducerBuilder().setClientConfiguration(configuration).setTopics("grpc-transaction")
            .setTransactionChecker(message -> TransactionResolution.UNKNOWN).build()) {
            settle();
            for (int i = 0; i < 20; i++) {
                Transaction transaction = producer.beginTransaction();
                producer.send(message("grpc-transaction", "transaction " + i).build(), transaction);
                if (i % 2 == 0) {
                    outcome.sent.add("transaction " + i);
                    transaction.commit();
                } else transaction.rollback();
            }
            outcome.awaitAll(WAIT_SECONDS);
            Thread.sleep(1000);
        }
    }

    /** Transactions that nobody ends: the broker asks the producer. */
    private void orphans(Outcome outcome) throws Exception {
        try (PushConsumer consumer = consumer("grpc-transaction", "g-orphans", FilterExpression.SUB_ALL, message -> {
            if (body(message).startsWith("orphan ")) outcome.receive(body(message));
            return ConsumeResult.SUCCESS;
        }); Producer producer = provider.newProducerBuilder().setClientConfiguration(configuration).setTopics("grpc-transaction")
            .setTransactionChecker(message -> {
                String body = body(message);
                boolean even = Integer.parseInt(body.substring(body.lastIndexOf(' ') + 1)) % 2 == 0;
                return even ? TransactionResolution.COMMIT : TransactionResolution.ROLLBACK;
            }).build()) {
            settle();
            for (int i = 0; i < 6; i++) {
                if (i % 2 == 0) outcome.sent.add("orphan " + i);
                producer.send(message("grpc-transaction", "orphan " + i).build(), producer.beginTransaction());
            }
            outcome.awaitAll(2 * WAIT_SECONDS);
            Thread.sleep(1000);
        }
    }

    private void simple(Outcome outcome) throws Exception {
        try (SimpleConsumer consumer = provider.newSimpleConsumerBuilder().setClientConfiguration(configuration).setConsumerGroup("g-simple")
            .setAwaitDuration(Duration.ofSeconds(5)).setSubscriptionExpressions(Map.of("grpc-normal", FilterExpression.SUB_ALL)).build();
             Producer producer = producer("grpc-normal")) {
            consumer.receive(16, Duration.ofSeconds(10));
            for (int i = 0; i < 12; i++) {
                outcome.sent.add("simple " + i);
                producer.send(message("grpc-normal", "simple " + i).build());
            }
            Map<String, Integer> attempts = new ConcurrentHashMap<>();
            long end = System.nanoTime() + 2 * WAIT_SECONDS * 1_000_000_000L;
            while (System.nanoTime() < end && !outcome.received.keySet().containsAll(outcome.sent)) {
                for (MessageView message : consumer.receive(16, Duration.ofSeconds(10))) {
                    String body = body(message);
                    if (!body.startsWith("simple ")) {
                        consumer.ack(message);
                        continue;
                    }
                    int attempt = attempts.merge(body, 1, Integer::sum);
                    outcome.check(message.getDeliveryAttempt() == attempt, body + ": attempt " + message.getDeliveryAttempt() + " is the " + attempt);
                    int number = Integer.parseInt(body.substring(7));
                    // A third is put off, a third is forgotten; both come again.
                    if (attempt == 1 && number % 3 == 1) consumer.changeInvisibleDuration(message, Duration.ofSeconds(3));
                    else if (attempt > 1 || number % 3 == 0) {
                        consumer.ack(message);
                        outcome.receive(body);
                    }
                }
            }
        }
    }

    private void retry(Outcome outcome) throws Exception {
        Map<String, Integer> attempts = new ConcurrentHashMap<>();
        try (PushConsumer consumer = consumer("grpc-normal", "g-retry", FilterExpression.SUB_ALL, message -> {
            String body = body(message);
            if (!body.startsWith("retry ")) return ConsumeResult.SUCCESS;
            int attempt = attempts.merge(body, 1, Integer::sum);
            outcome.check(message.getDeliveryAttempt() == attempt, body + ": attempt " + message.getDeliveryAttempt() + " is the " + attempt);
            outcome.check(message.getTopic().equals("grpc-normal"), "topic " + message.getTopic());
            if (attempt == 1) return ConsumeResult.FAILURE;
            outcome.receive(body);
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-normal")) {
            settle();
            for (int i = 0; i < 5; i++) {
                outcome.sent.add("retry " + i);
                producer.send(message("grpc-normal", "retry " + i).build());
            }
            outcome.awaitAll(2 * WAIT_SECONDS);
        }
    }

    /** The group is set to one repetition: a FIFO consumer puts what fails twice aside by itself. */
    private void deadLetter(Outcome outcome) throws Exception {
        Map<String, Integer> attempts = new ConcurrentHashMap<>();
        try (PushConsumer consumer = consumer("grpc-fifo", "g-dead-letter", FilterExpression.SUB_ALL, message -> {
            String body = body(message);
            if (!body.startsWith("dead ")) return ConsumeResult.SUCCESS;
            attempts.merge(body, 1, Integer::sum);
            if (body.equals("dead 1")) return ConsumeResult.FAILURE;
            outcome.receive(body);
            return ConsumeResult.SUCCESS;
        }); Producer producer = producer("grpc-fifo")) {
            settle();
            for (int i = 0; i < 4; i++) {
                if (i != 1) outcome.sent.add("dead " + i);
                producer.send(message("grpc-fifo", "dead " + i).setMessageGroup("dead").build());
            }
            outcome.awaitAll(2 * WAIT_SECONDS);
            outcome.check(Integer.valueOf(2).equals(attempts.get("dead 1")), "attempts " + attempts.get("dead 1"));
        }
    }

    private void refusals(Outcome outcome) throws Exception {
        refused(outcome, "type", "MESSAGE_PROPERTY_CONFLICT|not match|accept", () -> {
            try (Producer producer = producer("grpc-fifo")) {
                producer.send(message("grpc-fifo", "no group").build());
            }
        });
        // The client asks for routes when it starts, and does not say why it gave up.
        refused(outcome, "unknown topic", "No topic route info|40402|Failed to fetch topics", () -> {
            try (Producer producer = producer("grpc-absent")) {
                producer.send(message("grpc-absent", "nowhere").build());
            }
        });
        refused(outcome, "system topic", "system topic|Failed to fetch topics", () -> {
            try (Producer producer = producer("RMQ_SYS_TRACE_TOPIC")) {
                producer.send(message("RMQ_SYS_TRACE_TOPIC", "nowhere").build());
            }
        });
        refused(outcome, "delay", "max delay time", () -> {
            try (Producer producer = producer("grpc-delay")) {
                producer.send(message("grpc-delay", "late").setDeliveryTimestamp(System.currentTimeMillis() + 48 * 3600_000L).build());
            }
        });
        refused(outcome, "property", "used by system", () -> {
            try (Producer producer = producer("grpc-normal")) {
                producer.send(message("grpc-normal", "own").addProperty("UNIQ_KEY", "x").build());
            }
        });
    }

    /** To the topic of -Dtopic, which may be another than the producer has named. */
    private void sendOne(Outcome outcome) throws Exception {
        String named = System.getProperty("named", System.getProperty("topic"));
        try (Producer producer = producer(named)) {
            outcome.sent.add("one");
            producer.send(message(System.getProperty("topic"), "one").build());
            outcome.receive("one");
        }
    }

    /** Asks once, for the group of -Dgroup and the topic of -Dtopic. */
    private void receiveOne(Outcome outcome) throws Exception {
        try (SimpleConsumer consumer = provider.newSimpleConsumerBuilder().setClientConfiguration(configuration)
            .setConsumerGroup(System.getProperty("group")).setAwaitDuration(Duration.ofSeconds(2))
            .setSubscriptionExpressions(Map.of(System.getProperty("topic"), FilterExpression.SUB_ALL)).build()) {
            consumer.receive(1, Duration.ofSeconds(10));
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private static void refused(Outcome outcome, String what, String pattern, Step step) {
        try {
            step.run();
            outcome.faults.add(what + ": not refused");
        } catch (Exception e) {
            String text = e + " " + e.getCause();
            outcome.check(text.matches("(?s).*(" + pattern + ").*"), what + ": " + text);
        }
    }
}
