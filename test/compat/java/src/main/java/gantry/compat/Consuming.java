package gantry.compat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Push consumers: sharing, order, filtering, retry, restart, and reading from a slave. */
final class Consuming {
    private static final int COMMIT_TRIES = 150;
    private static final int COMMIT_PAUSE_MS = 100;

    private Consuming() {
    }

    private static MessageListenerConcurrently counting(Run run, AtomicInteger counter) {
        return (messages, context) -> {
            messages.forEach(run::received);
            counter.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
    }

    private static Set<MessageQueue> assigned(DefaultMQPushConsumer consumer, String topic) {
        Set<MessageQueue> queues = new HashSet<>(consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet());
        queues.removeIf(queue -> !queue.getTopic().equals(topic));
        return queues;
    }

    /** Looks 200 ms apart; with the client's own period two rebalances pass in this time. */
    private static final int STEADY_LOOKS = 8;

    /**
     * Waits until the consumers hold all queues, each queue {@code owners} times and each consumer some of them, and go on to:
     * the first one may have all of them before the second one is heard of, or by what one of two brokers knows.
     */
    private static void awaitAssignment(Run run, List<DefaultMQPushConsumer> consumers, int owners) throws Exception {
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        List<Set<MessageQueue>> before = List.of();
        for (int looks = 0; System.currentTimeMillis() < deadline; looks++) {
            Set<MessageQueue> all = new HashSet<>(consumers.get(0).fetchSubscribeMessageQueues(run.topic()));
            List<Set<MessageQueue>> now = consumers.stream().map(consumer -> assigned(consumer, run.topic())).toList();
            Map<MessageQueue, Integer> owned = new HashMap<>();
            now.forEach(queues -> queues.forEach(queue -> owned.merge(queue, 1, Integer::sum)));
            boolean isShared = owned.keySet().equals(all) && owned.values().stream().allMatch(count -> count == owners)
                && now.stream().noneMatch(Set::isEmpty);
            if (!isShared || !now.equals(before)) {
                looks = 0;
            }
            if (isShared && looks == STEADY_LOOKS) {
                return;
            }
            before = now;
            Thread.sleep(200);
        }
        throw new IllegalStateException("queues of " + run.topic() + " were not shared within " + Tally.LIMIT_MS + " ms");
    }

    static void clustering(Run run) throws Exception {
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        List<AtomicInteger> counters = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = run.consumer(run.group());
            AtomicInteger counter = new AtomicInteger();
            consumer.subscribe(run.topic(), "*");
            consumer.registerMessageListener(counting(run, counter));
            consumer.start();
            consumers.add(consumer);
            counters.add(counter);
        }
        awaitAssignment(run, consumers, 1);
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        run.tally.settle();
        for (AtomicInteger counter : counters) {
            run.tally.check(counter.get() > 0, "one of the two consumers received nothing");
        }
    }

    static void broadcasting(Run run) throws Exception {
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        List<AtomicInteger> counters = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = run.consumer(run.group());
            AtomicInteger counter = new AtomicInteger();
            consumer.setMessageModel(MessageModel.BROADCASTING);
            consumer.subscribe(run.topic(), "*");
            consumer.registerMessageListener(counting(run, counter));
            consumer.start();
            consumers.add(consumer);
            counters.add(counter);
        }
        awaitAssignment(run, consumers, 2);
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 2);
        }
        run.tally.settle();
        for (AtomicInteger counter : counters) {
            run.tally.check(counter.get() == run.count(), "one consumer received " + counter.get());
        }
    }

    /** Two orderly consumers with several threads; every tenth message is suspended once, and the order must survive it. */
    static void orderly(Run run) throws Exception {
        Map<Integer, Integer> lastOfShard = new ConcurrentHashMap<>();
        Set<String> suspended = ConcurrentHashMap.newKeySet();
        Set<String> threads = ConcurrentHashMap.newKeySet();
        MessageListenerOrderly listener = (messages, context) -> {
            context.setSuspendCurrentQueueTimeMillis(50);
            for (MessageExt message : messages) {
                threads.add(Thread.currentThread().getName());
                int number = Integer.parseInt(message.getUserProperty("number"));
                if (number % 10 == 0 && suspended.add(message.getKeys())) {
                    return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
                }
                int shard = Integer.parseInt(message.getUserProperty("shard"));
                Integer last = lastOfShard.put(shard, number);
                run.tally.check(last == null || last < number, "shard " + shard + ": " + number + " after " + last);
                run.received(message);
            }
            return ConsumeOrderlyStatus.SUCCESS;
        };
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = run.consumer(run.group());
            consumer.subscribe(run.topic(), "*");
            consumer.registerMessageListener(listener);
            consumer.start();
            consumers.add(consumer);
        }
        awaitAssignment(run, consumers, 1);
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            int shard = i % 5;
            Message message = run.message(i);
            message.putUserProperty("number", Integer.toString(i));
            message.putUserProperty("shard", Integer.toString(shard));
            run.sent(producer.send(message, (queues, body, chosen) -> queues.get((Integer) chosen % queues.size()), shard), run.key(i), 1);
        }
        run.tally.settle();
        run.tally.check(threads.size() > 1, "all messages came on one thread");
    }

    static void tagFilter(Run run) throws Exception {
        String[] tags = {"red", "green", "blue", null};
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "red || green");
        consumer.registerMessageListener(counting(run, new AtomicInteger()));
        consumer.start();
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.setTags(tags[i % 4]);
            run.sent(producer.send(message), run.key(i), i % 4 < 2 ? 1 : 0);
        }
        run.tally.settle();
    }

    /** Odd messages fail once, even ones always: those are delivered 1 + 2 times and then lie in the dead-letter topic. */
    static void retryToDeadLetter(Run run) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.setMaxReconsumeTimes(2);
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            boolean failed = false;
            for (MessageExt message : messages) {
                int number = Integer.parseInt(message.getUserProperty("number"));
                run.tally.received(message.getKeys() + "#" + message.getReconsumeTimes());
                run.tally.check(message.getTopic().equals(run.topic()), "a retried message came with topic " + message.getTopic());
                failed |= number % 2 == 0 || message.getReconsumeTimes() == 0;
            }
            return failed ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        awaitAssignment(run, List.of(consumer), 1);
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.putUserProperty("number", Integer.toString(i));
            run.sent(producer.send(message), run.key(i) + "#0", 1);
            run.tally.expect(run.key(i) + "#1");
            if (i % 2 == 0) {
                run.tally.expect(run.key(i) + "#2");
                run.tally.expect(run.key(i) + "#dead");
            }
        }
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (run.tally.lost() > (run.count() + 1) / 2 && System.currentTimeMillis() < deadline) {
            Thread.sleep(200);
        }
        Pulling.eachMessage(run, "%DLQ%" + run.group(), message -> {
            run.tally.check(message.getReconsumeTimes() == 3, "dead letter with reconsumeTimes " + message.getReconsumeTimes());
            run.tally.check(run.topic().equals(message.getProperty("RETRY_TOPIC")), "dead letter without its topic of origin");
            run.tally.received(message.getKeys() + "#dead");
        });
    }

    /** A second consumer of the group goes on where the first one stopped. */
    static void restart(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        int half = run.count() / 2;
        for (int part = 0; part < 2; part++) {
            for (int i = part * half; i < (part + 1) * half; i++) {
                run.sent(producer.send(run.message(i)), run.key(i), 1);
            }
            DefaultMQPushConsumer consumer = run.consumer(run.group());
            consumer.subscribe(run.topic(), "*");
            consumer.registerMessageListener(counting(run, new AtomicInteger()));
            consumer.start();
            run.tally.settle();
            consumer.shutdown();
        }
    }

    /** Consumes what lies in a topic and only that: {@code count} keys from {@code keyGroup}-{@code from} on, each queue in order. */
    static void drain(Run run) throws Exception {
        int from = run.number("from", 0);
        for (int i = from; i < from + run.count(); i++) {
            run.tally.expect(run.text("keyGroup") + "-" + i);
        }
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.setConsumeThreadMin(1);
        consumer.setConsumeThreadMax(1);
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener(inOrder(run, new ConcurrentHashMap<>(), 0));
        consumer.start();
        run.tally.settle();
        if (run.number("committed", 0) == 1) {
            awaitCommitted(run, consumer);
        }
    }

    /** Until brokers have the offsets: they go there one way, and what is under way when a client closes may be lost. */
    private static void awaitCommitted(Run run, DefaultMQPushConsumer consumer) throws Exception {
        DefaultMQAdminExt admin = run.admin();
        for (int tries = 0; tries < COMMIT_TRIES; tries++) {
            consumer.getDefaultMQPushConsumerImpl().persistConsumerOffset();
            Map<MessageQueue, Long> own = consumer.getDefaultMQPushConsumerImpl().getOffsetStore().cloneOffsetTable(run.topic());
            var known = admin.examineConsumeStats(run.group(), run.topic()).getOffsetTable();
            boolean isCommitted = own.entrySet().stream()
                .allMatch(entry -> known.containsKey(entry.getKey()) && known.get(entry.getKey()).getConsumerOffset() >= entry.getValue());
            if (isCommitted) {
                return;
            }
            pause(COMMIT_PAUSE_MS);
        }
        run.tally.check(false, "brokers do not have the offsets of " + run.group());
    }

    private static MessageListenerConcurrently inOrder(Run run, Map<String, Long> lastOffsets, int pauseMs) {
        return (messages, context) -> {
            for (MessageExt message : messages) {
                String queue = message.getBrokerName() + "/" + message.getQueueId();
                Long last = lastOffsets.put(queue, message.getQueueOffset());
                run.tally.check(last == null || message.getQueueOffset() <= last + 1, queue + ": offset " + message.getQueueOffset() + " after " + last);
                run.received(message);
            }
            if (pauseMs > 0) {
                pause(pauseMs);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
    }

    private static void pause(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads a third from the master, the rest from the slave while the master is down, and new messages when it is back. */
    static void slaveRead(Run run) throws Exception {
        run.duplicatesAllowed = true;
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.setConsumeThreadMin(1);
        consumer.setConsumeThreadMax(1);
        consumer.setPullBatchSize(8);
        consumer.setPullThresholdForQueue(8);
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener(inOrder(run, new ConcurrentHashMap<>(), 5));
        consumer.start();
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (run.tally.receivedCount() < run.count() / 3 && System.currentTimeMillis() < deadline) {
            Thread.sleep(20);
        }
        consumer.suspend();
        run.tally.check(run.tally.lost() > 0, "everything was read before the master went down");
        run.emit("suspended");
        run.await("master-down");
        consumer.resume();
        run.tally.settle();
        run.tally.check(run.tally.lost() == 0, "lost while the master was down: " + run.tally.lost());
        run.emit("read-from-slave");
        run.await("master-up");
        for (int i = run.count(); i < run.count() * 2; i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        run.tally.settle();
    }

    /** Keeps a producer and a consumer connected until the runner says so, for the commands that list connections. */
    static void hold(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        MessageQueue first = producer.fetchPublishMessageQueues(run.topic()).stream().sorted().findFirst().orElseThrow();
        run.sent(producer.send(run.message(0), first), run.key(0), 1);
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> run.tally.check(message.getBody() != null, "message without a body"));
            messages.stream().filter(message -> run.key(0).equals(message.getKeys())).forEach(run::received);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        run.tally.settle();
        run.emit("held");
        run.await("release");
    }
}
