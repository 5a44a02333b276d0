package gantry.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Topics with batch consume queues (queue.type=BatchCQ): producers of batches, and consumers that take them apart. */
final class Batching {
    private static final String[] TAGS = {"red", "green", "blue"};
    private static final int SIZE = 7;

    private Batching() {
    }

    /** Batches, single messages and batches that the client gathers by itself; a third of the messages each. */
    static void fill(Run run) throws Exception {
        int from = run.number("from", 0);
        int third = run.count() / 3;
        DefaultMQProducer producer = run.producer();
        List<MessageQueue> queues = new ArrayList<>(producer.fetchPublishMessageQueues(run.topic()));
        queues.sort(null);
        for (int i = from; i < from + third; i += SIZE) {
            List<Message> batch = new ArrayList<>();
            for (int j = i; j < Math.min(i + SIZE, from + third); j++) {
                batch.add(message(run, j));
            }
            SendResult result = producer.send(batch, queues.get(i % queues.size()));
            run.tally.check(!result.getMsgId().contains(","), "batch got the id " + result.getMsgId());
            run.tally.check(!result.getOffsetMsgId().contains(","), "batch got the offset id " + result.getOffsetMsgId());
            for (Message one : batch) {
                run.sent(result, one.getKeys(), run.number("copies", 0));
            }
        }
        for (int i = from + third; i < from + 2 * third; i++) {
            run.sent(producer.send(message(run, i), queues.get(i % queues.size())), run.key(i), run.number("copies", 0));
        }
        gather(run, from + 2 * third, from + run.count());
    }

    private static Message message(Run run, int index) {
        Message message = run.message(index);
        message.putUserProperty("number", Integer.toString(index));
        return message;
    }

    private static void gather(Run run, int from, int end) throws Exception {
        DefaultMQProducer producer = run.producer();
        producer.setAutoBatch(true);
        CountDownLatch done = new CountDownLatch(end - from);
        for (int i = from; i < end; i++) {
            String key = run.key(i);
            Message message = message(run, i);
            message.setTags(TAGS[i % TAGS.length]);
            producer.send(message, new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    run.sent(result, key, run.number("copies", 0));
                    done.countDown();
                }

                @Override
                public void onException(Throwable failure) {
                    run.tally.fault(key + ": " + failure);
                    done.countDown();
                }
            });
        }
        run.tally.check(done.await(Tally.LIMIT_MS, TimeUnit.MILLISECONDS), "not every gathered send was answered");
    }

    /** A push consumer gets every message once, in the order of offsets; one that fails comes again by the retry topic. */
    static void push(Run run) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), run.text("tags"));
        consumer.setConsumeMessageBatchMaxSize(1);
        ConcurrentHashMap<String, Integer> times = new ConcurrentHashMap<>();
        ConcurrentHashMap<String, MessageExt> offsets = new ConcurrentHashMap<>();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                int number = Integer.parseInt(message.getUserProperty("number"));
                boolean isFirst = times.merge(message.getKeys(), 1, Integer::sum) == 1;
                if (isFirst) {
                    MessageExt other = offsets.put(message.getQueueId() + "/" + message.getQueueOffset(), message);
                    run.tally.check(other == null, "two messages at " + message.getQueueId() + "/" + message.getQueueOffset());
                }
                if (isFirst && number % 50 == 3) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
                run.tally.check(isFirst || message.getReconsumeTimes() == 1, message.getKeys() + " came again");
                run.received(message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        fill(run);
        run.tally.settle();
    }

    /** A consumer that asks for tags gets the messages that have them, of whatever batch; others are not for it. */
    static void tags(Run run) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "red || blue");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(run::received);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = run.producer();
        producer.setAutoBatch(true);
        CountDownLatch done = new CountDownLatch(run.count());
        for (int i = 0; i < run.count(); i++) {
            int number = i;
            Message message = run.message(i);
            message.setTags(TAGS[i % TAGS.length]);
            producer.send(message, new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    run.sent(result, run.key(number), number % TAGS.length == 1 ? 0 : 1);
                    done.countDown();
                }

                @Override
                public void onException(Throwable failure) {
                    run.tally.fault(run.key(number) + ": " + failure);
                    done.countDown();
                }
            });
        }
        run.tally.check(done.await(Tally.LIMIT_MS, TimeUnit.MILLISECONDS), "not every gathered send was answered");
        if (run.number("mixed", 0) == 1) {
            // A batch has one tag, or none: what the client sends so holds several.
            List<Message> batch = new ArrayList<>();
            for (int i = run.count(); i < run.count() + 6; i++) {
                Message message = run.message(i);
                message.setTags(TAGS[i % TAGS.length]);
                batch.add(message);
            }
            SendResult result = producer.send(batch);
            for (int i = run.count(); i < run.count() + 6; i++) {
                run.sent(result, run.key(i), i % TAGS.length == 1 ? 0 : 1);
            }
        }
        run.tally.settle();
    }
}
