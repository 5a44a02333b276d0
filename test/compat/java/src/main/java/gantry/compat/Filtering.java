package gantry.compat;

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** Consumers that filter by SQL92 expressions. */
final class Filtering {
    private static final String EXPRESSION = "number BETWEEN 10 AND 60 AND colour IN ('red', 'green') AND missing IS NULL";
    private static final String[] COLOURS = {"red", "green", "blue", null};

    private Filtering() {
    }

    private static void send(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.putUserProperty("number", Integer.toString(i));
            if (COLOURS[i % 4] != null) {
                message.putUserProperty("colour", COLOURS[i % 4]);
            }
            boolean wanted = i >= 10 && i <= 60 && i % 4 < 2;
            run.sent(producer.send(message), run.key(i), wanted ? 1 : 0);
        }
    }

    /** A push consumer: the expression is in its heartbeats and in its pulls. Illegal ones are refused when it starts. */
    static void push(Run run) throws Exception {
        DefaultMQPushConsumer wrong = run.consumer(run.group() + "-wrong");
        wrong.subscribe(run.topic(), MessageSelector.bySql("number >"));
        wrong.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        try {
            wrong.start();
            run.tally.fault("an illegal expression was accepted");
        } catch (MQClientException refused) {
            run.tally.check(refused.getResponseCode() == ResponseCode.SUBSCRIPTION_PARSE_FAILED, "refused with " + refused.getResponseCode());
        }
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), MessageSelector.bySql(EXPRESSION));
        AtomicInteger counter = new AtomicInteger();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(run::received);
            counter.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        send(run);
        run.tally.settle();
        run.tally.check(counter.get() > 0, "nothing was received");
    }

    static void litePull(Run run) throws Exception {
        DefaultLitePullConsumer consumer = run.litePull();
        consumer.subscribe(run.topic(), MessageSelector.bySql(EXPRESSION));
        consumer.start();
        send(run);
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (run.tally.lost() > 0 && System.currentTimeMillis() < deadline) {
            consumer.poll(500).forEach(run::received);
        }
        consumer.poll(500).forEach(run::received);
    }
}
