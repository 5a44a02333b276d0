package gantry.compat;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Consumers that ask instead of being called. */
final class Pulling {
    private Pulling() {
    }

    /** Reads the topic until everything expected is there, then once more for surplus copies. */
    static void readAll(Run run) throws Exception {
        eachMessage(run, run::received);
    }

    static void eachMessage(Run run, Consumer<MessageExt> use) throws Exception {
        eachMessage(run, run.topic(), use);
    }

    static void eachMessage(Run run, String topic, Consumer<MessageExt> use) throws Exception {
        var consumer = run.pull();
        Set<MessageQueue> queues = subscribeQueues(consumer, topic);
        Map<MessageQueue, Long> next = new HashMap<>();
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        boolean again = true;
        while (again) {
            // Dispatch to the consume queue runs behind the acknowledgement, so an empty round is no proof of loss until time is up.
            boolean complete = run.tally.lost() == 0;
            for (MessageQueue queue : queues) {
                pullToEnd(consumer, queue, next, use);
            }
            again = !complete && System.currentTimeMillis() < deadline;
        }
    }

    @SuppressWarnings("deprecation")
    private static Set<MessageQueue> subscribeQueues(org.apache.rocketmq.client.consumer.DefaultMQPullConsumer consumer, String topic)
        throws Exception {
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (true) {
            try {
                return consumer.fetchSubscribeMessageQueues(topic);
            } catch (MQClientException failure) {
                if (System.currentTimeMillis() > deadline) {
                    throw failure;
                }
                Thread.sleep(500);
            }
        }
    }

    @SuppressWarnings("deprecation")
    private static void pullToEnd(org.apache.rocketmq.client.consumer.DefaultMQPullConsumer consumer, MessageQueue queue,
        Map<MessageQueue, Long> next, Consumer<MessageExt> use) throws Exception {
        while (true) {
            PullResult result = consumer.pull(queue, "*", next.getOrDefault(queue, 0L), 32);
            next.put(queue, result.getNextBeginOffset());
            if (result.getPullStatus() == PullStatus.FOUND) {
                result.getMsgFoundList().forEach(use);
            } else if (result.getPullStatus() != PullStatus.NO_MATCHED_MSG) {
                return;
            }
        }
    }

    /** DefaultMQPullConsumer: pull by offset, blocking pull, offsets stored and fetched, max and min offset. */
    @SuppressWarnings("deprecation")
    static void pull(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        readAll(run);
        var consumer = run.pull();
        long total = 0;
        for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(run.topic())) {
            long max = consumer.maxOffset(queue);
            total += max - consumer.minOffset(queue);
            consumer.getDefaultMQPullConsumerImpl().getOffsetStore().updateConsumeOffsetToBroker(queue, max, false);
            long stored = consumer.fetchConsumeOffset(queue, true);
            run.tally.check(stored == max, queue + ": stored offset " + max + " reads back as " + stored);
            PullResult beyond = consumer.pull(queue, "*", max + 100, 32);
            run.tally.check(beyond.getPullStatus() == PullStatus.OFFSET_ILLEGAL, "pull beyond the end: " + beyond.getPullStatus());
            run.tally.check(beyond.getNextBeginOffset() == max, "pull beyond the end continues at " + beyond.getNextBeginOffset());
        }
        run.tally.check(total == run.count(), "max - min over all queues is " + total);
        blockingPull(run, producer, consumer);
    }

    /** A pull that waits at the end of a queue is answered by the next message of that queue. */
    @SuppressWarnings("deprecation")
    private static void blockingPull(Run run, DefaultMQProducer producer, org.apache.rocketmq.client.consumer.DefaultMQPullConsumer consumer)
        throws Exception {
        MessageQueue queue = consumer.fetchSubscribeMessageQueues(run.topic()).iterator().next();
        long max = consumer.maxOffset(queue);
        Thread sender = new Thread(() -> {
            try {
                Thread.sleep(700);
                run.sent(producer.send(run.message(run.count()), queue), run.key(run.count()), 1);
            } catch (Exception failure) {
                run.tally.fault(failure.toString());
            }
        });
        long started = System.currentTimeMillis();
        sender.start();
        PullResult result = consumer.pullBlockIfNotFound(queue, "*", max, 32);
        long waited = System.currentTimeMillis() - started;
        sender.join();
        run.tally.check(result.getPullStatus() == PullStatus.FOUND, "long poll ended with " + result.getPullStatus());
        run.tally.check(waited >= 600 && waited < 15_000, "long poll was answered after " + waited + " ms, the message came after 700");
        if (result.getPullStatus() == PullStatus.FOUND) {
            result.getMsgFoundList().forEach(run::received);
        }
    }

    static void litePull(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        DefaultLitePullConsumer consumer = run.litePull();
        consumer.subscribe(run.topic(), "*");
        consumer.setAutoCommit(false);
        consumer.start();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        pollAll(run, consumer);
        consumer.commit();
    }

    private static void pollAll(Run run, DefaultLitePullConsumer consumer) {
        // This client now and then waits 20 s at the end of a queue before it reads the queue from its start, whoever the broker is.
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        int quiet = 0;
        while (System.currentTimeMillis() < deadline && quiet < 2) {
            List<MessageExt> messages = consumer.poll(300);
            messages.forEach(run::received);
            quiet = messages.isEmpty() && run.tally.lost() == 0 ? quiet + 1 : 0;
        }
    }

    /** Queues assigned by hand, commit, and a second consumer of the group that finds the committed offsets. */
    static void litePullAssign(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        DefaultLitePullConsumer consumer = run.litePull();
        consumer.setAutoCommit(false);
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(run.topic());
        consumer.assign(queues);
        pollAll(run, consumer);
        consumer.commit();
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        long committed = committed(consumer, queues);
        while (committed < run.count() && System.currentTimeMillis() < deadline) {
            Thread.sleep(100);
            committed = committed(consumer, queues);
        }
        run.tally.check(committed == run.count(), "committed offsets add up to " + committed);
    }

    private static long committed(DefaultLitePullConsumer consumer, Collection<MessageQueue> queues) throws Exception {
        long committed = 0;
        for (MessageQueue queue : queues) {
            committed += Math.max(0, consumer.committed(queue));
        }
        return committed;
    }
}
