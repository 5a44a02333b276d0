package gantry.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Push consumers whose broker divides the queues and has them pop: the runner has set the group's mode. */
final class Popping {
    private static final long FIRST_RETRY_MS = 10_000;

    private Popping() {
    }

    private static DefaultMQPushConsumer consumer(Run run) {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.setClientRebalance(false);
        return consumer;
    }

    private static boolean isPopped(MessageExt message) {
        return message.getProperty("POP_CK") != null;
    }

    /** Two consumers share all queues; every message is popped, and comes once. */
    static void clustering(Run run) throws Exception {
        List<AtomicInteger> counters = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = consumer(run);
            AtomicInteger counter = new AtomicInteger();
            consumer.subscribe(run.topic(), "red || green");
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                for (MessageExt message : messages) {
                    run.tally.check(isPopped(message), message.getKeys() + " was pulled");
                    run.received(message);
                }
                counter.addAndGet(messages.size());
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            counters.add(counter);
        }
        DefaultMQProducer producer = run.producer();
        String[] tags = {"red", "green", "blue"};
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.setTags(tags[i % 3]);
            run.sent(producer.send(message), run.key(i), i % 3 < 2 ? 1 : 0);
            Thread.sleep(10);
        }
        run.tally.settle();
        for (AtomicInteger counter : counters) {
            run.tally.check(counter.get() > 0, "one of the two consumers received nothing");
        }
    }

    /** Every fifth message fails at first, and comes again ten seconds later, as a retry and of its own topic. */
    static void retry(Run run) throws Exception {
        Set<String> failed = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = consumer(run);
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            boolean isFailure = false;
            for (MessageExt message : messages) {
                int number = Integer.parseInt(message.getUserProperty("number"));
                boolean isFirst = number % 5 == 0 && failed.add(message.getKeys());
                run.tally.check(message.getTopic().equals(run.topic()), "came with topic " + message.getTopic());
                int times = number % 5 == 0 && !isFirst ? 1 : 0;
                run.tally.check(message.getReconsumeTimes() == times, message.getKeys() + ": " + message.getReconsumeTimes());
                long since = System.currentTimeMillis() - Long.parseLong(message.getUserProperty("sent"));
                run.tally.check(times == 0 || since >= FIRST_RETRY_MS - 1_000, message.getKeys() + " came again after " + since);
                if (isFirst) {
                    isFailure = true;
                } else {
                    run.received(message);
                }
            }
            return isFailure ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.setConsumeMessageBatchMaxSize(1);
        consumer.start();
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.putUserProperty("number", Integer.toString(i));
            message.putUserProperty("sent", Long.toString(System.currentTimeMillis()));
            run.sent(producer.send(message), run.key(i), 1);
        }
        run.tally.settle();
        run.tally.check(failed.size() == (run.count() + 4) / 5, failed.size() + " messages failed");
    }
}
