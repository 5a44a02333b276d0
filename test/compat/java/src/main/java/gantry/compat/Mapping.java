package gantry.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** A static topic whose queues go to other brokers while it is written and read. */
final class Mapping {
    private static final long SEND_LIMIT_MS = 90_000;
    private static final int EVERY_MS = 10;

    private Mapping() {
    }

    /**
     * Sends until the runner has remapped the topic, and on; two groups, one there from the start and one that comes late and locks its
     * queues, get every message once, at the offset that its sender was told, and queue by queue in order.
     */
    static void run(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        Map<String, String> told = new ConcurrentHashMap<>();
        DefaultMQPushConsumer consumer = consumer(run, run.group(), told, false);
        int sent = 0;
        for (; sent < run.count() / 2; sent++) {
            send(run, producer, sent, told);
        }
        run.emit("half");
        for (; !run.isSignalled("remapped"); sent++) {
            send(run, producer, sent, told);
            Thread.sleep(EVERY_MS);
        }
        for (int end = sent + run.count() / 2; sent < end; sent++) {
            send(run, producer, sent, told);
        }
        consumer(run, run.group() + "-late", told, true);
        run.tally.settle();
        // Who comes back goes on where the group was.
        consumer.shutdown();
        consumer(run, run.group(), told, false);
        for (int end = sent + 10; sent < end; sent++) {
            send(run, producer, sent, told);
        }
        run.tally.settle();
    }

    private static DefaultMQPushConsumer consumer(Run run, String group, Map<String, String> told, boolean locks) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(group);
        consumer.setConsumeThreadMin(1);
        consumer.setConsumeThreadMax(1);
        consumer.setConsumeMessageBatchMaxSize(1);
        consumer.subscribe(run.topic(), "*");
        Map<Integer, Long> last = new ConcurrentHashMap<>();
        if (locks) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                messages.forEach(message -> take(run, group, context.getMessageQueue().getQueueId(), message, last, told));
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                messages.forEach(message -> take(run, group, context.getMessageQueue().getQueueId(), message, last, told));
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        consumer.start();
        return consumer;
    }

    private static void take(Run run, String group, int queueId, MessageExt message, Map<Integer, Long> last, Map<String, String> told) {
        String key = message.getKeys();
        long offset = message.getQueueOffset();
        Long before = last.put(queueId, offset);
        run.tally.check(before == null || before < offset, group + ": " + queueId + "/" + offset + " after " + before);
        if (!key.matches(run.group() + "-\\d+")) {
            // From before.
            return;
        }
        String at = queueId + "/" + offset;
        String other = told.putIfAbsent(key, at);
        run.tally.check(other == null || other.equals(at), group + ": " + key + " at " + at + ", sent to " + other);
        run.received(message);
    }

    /** A queue that is on its way is refused by the broker that had it; what its new broker has not numbered yet is not looked at. */
    private static void send(Run run, DefaultMQProducer producer, int number, Map<String, String> told) throws Exception {
        long deadline = System.currentTimeMillis() + SEND_LIMIT_MS;
        for (;;) {
            try {
                List<MessageQueue> queues = new ArrayList<>(producer.fetchPublishMessageQueues(run.topic()));
                queues.sort(null);
                MessageQueue queue = queues.get(number % queues.size());
                run.tally.check(queue.getBrokerName().equals("__syslo__global__"), "queues of " + queue.getBrokerName());
                SendResult result = producer.send(run.message(number), queue);
                MessageQueue got = result.getMessageQueue();
                run.tally.check(got.getQueueId() == queue.getQueueId(), "queue " + got + " instead of " + queue);
                run.sent(result, run.key(number), 2);
                if (result.getQueueOffset() >= 0) {
                    String at = got.getQueueId() + "/" + result.getQueueOffset();
                    String other = told.putIfAbsent(run.key(number), at);
                    run.tally.check(other == null || other.equals(at), run.key(number) + " sent to " + at + ", got at " + other);
                }
                return;
            } catch (Exception failure) {
                if (System.currentTimeMillis() > deadline) {
                    throw failure;
                }
                Thread.sleep(100);
            }
        }
    }
}
