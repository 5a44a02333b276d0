package gantry.compat;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages with a time of delivery of their own. */
final class Timing {
    private static final int MESSAGE_ILLEGAL = 13;
    private static final long SOON_MS = 3_000;

    private Timing() {
    }

    /** The three ways to give a time; every tenth message is recalled and must not come. */
    static void run(Run run) throws Exception {
        Set<String> recalled = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                long late = System.currentTimeMillis() - Long.parseLong(message.getUserProperty("due"));
                run.tally.check(late > -200, message.getKeys() + " came " + -late + " ms early");
                run.tally.check(late < 30_000, message.getKeys() + " came " + late + " ms late");
                run.tally.check(!recalled.contains(message.getKeys()), message.getKeys() + " was recalled");
                run.received(message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            long delay = SOON_MS + i * 10;
            Message message = run.message(i);
            message.putUserProperty("due", Long.toString(System.currentTimeMillis() + delay));
            switch (i % 3) {
                case 0 -> message.setDelayTimeMs(delay);
                case 1 -> message.setDeliverTimeMs(System.currentTimeMillis() + delay);
                default -> {
                    message.setDelayTimeSec(SOON_MS / 1000);
                    message.putUserProperty("due", Long.toString(System.currentTimeMillis() + SOON_MS));
                }
            }
            boolean isRecalled = i % 10 == 3;
            if (isRecalled) {
                recalled.add(message.getKeys());
            }
            SendResult result = producer.send(message);
            run.sent(result, run.key(i), isRecalled ? 0 : 1);
            if (isRecalled) {
                String id = producer.recallMessage(run.topic(), result.getRecallHandle());
                run.tally.check(result.getMsgId().equals(id), "recalled " + id + " instead of " + result.getMsgId());
            }
        }
        tooFar(run, producer);
        run.tally.settle();
    }

    private static void tooFar(Run run, DefaultMQProducer producer) throws Exception {
        Message message = run.message(0);
        message.setDelayTimeSec(4 * 24 * 3600);
        try {
            producer.send(message);
            run.tally.fault("a delay of four days was accepted");
        } catch (MQBrokerException refused) {
            run.tally.check(refused.getResponseCode() == MESSAGE_ILLEGAL, "refused with " + refused.getResponseCode());
        }
    }
}
