package gantry.compat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** A compaction topic with one queue: whoever reads it from its start gets the newest message of each key at least. */
final class Compacting {
    private static final int KEYS = 10;
    private static final int MESSAGE_ILLEGAL = 13;
    private static final int COMPACTED_WITHIN_MS = 90_000;

    private Compacting() {
    }

    static void run(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        Map<String, String> newest = new HashMap<>();
        for (int i = 0; i < run.count(); i++) {
            String key = "k" + i % KEYS;
            run.sent(producer.send(message(run, key, "v" + i)), run.key(i), 0);
            newest.put(key, "v" + i);
        }
        try {
            producer.send(message(run, "", "no key"));
            run.tally.fault("a message without a key is taken");
        } catch (MQBrokerException refused) {
            run.tally.check(refused.getResponseCode() == MESSAGE_ILLEGAL, "without key: " + refused);
        }
        awaitCompacted(run, newest);
        push(run, newest);
    }

    private static Message message(Run run, String key, String body) {
        return new Message(run.topic(), null, key, body.getBytes(StandardCharsets.UTF_8));
    }

    private static String body(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }

    @SuppressWarnings("deprecation")
    private static void awaitCompacted(Run run, Map<String, String> newest) throws Exception {
        var consumer = run.pull();
        MessageQueue queue = consumer.fetchSubscribeMessageQueues(run.topic()).iterator().next();
        long end = System.currentTimeMillis() + COMPACTED_WITHIN_MS;
        while (true) {
            Map<String, String> found = new HashMap<>();
            long last = -1;
            int count = 0;
            for (long offset = 0; offset < run.count();) {
                var result = consumer.pull(queue, "*", offset, 32);
                if (result.getPullStatus() != PullStatus.FOUND) {
                    run.tally.fault("pull at " + offset + ": " + result);
                    return;
                }
                for (MessageExt message : result.getMsgFoundList()) {
                    run.tally.check(message.getQueueOffset() > last, "offset " + message.getQueueOffset() + " after " + last);
                    last = message.getQueueOffset();
                    found.put(message.getKeys(), body(message));
                    count++;
                }
                offset = result.getNextBeginOffset();
            }
            run.tally.check(found.equals(newest), "read " + found + ", newest are " + newest);
            if (count < run.count() / 2) {
                return;
            }
            if (System.currentTimeMillis() > end) {
                run.tally.fault("not compacted: there are still " + count);
                return;
            }
            Thread.sleep(1000);
        }
    }

    private static void push(Run run, Map<String, String> newest) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group() + "-push");
        consumer.setConsumeThreadMin(1);
        consumer.setConsumeThreadMax(1);
        consumer.subscribe(run.topic(), "*");
        Map<String, String> found = new ConcurrentHashMap<>();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> found.put(message.getKeys(), body(message)));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        long end = System.currentTimeMillis() + COMPACTED_WITHIN_MS;
        while (!found.equals(newest) && System.currentTimeMillis() < end) {
            Thread.sleep(100);
        }
        run.tally.check(found.equals(newest), "pushed " + found + ", newest are " + newest);
    }
}
