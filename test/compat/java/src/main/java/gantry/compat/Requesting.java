package gantry.compat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/** Request and reply: a producer asks, a consumer answers over the broker. */
final class Requesting {
    private static final int TIMEOUT_MS = 10_000;
    private static final String CLUSTER = "CompatCluster";
    private static final String SILENT = "silent";

    private Requesting() {
    }

    static void run(Run run) throws Exception {
        DefaultMQProducer replier = run.producer();
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                reply(run, replier, message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer asking = run.producer();
        CountDownLatch answered = new CountDownLatch(run.count() - run.count() / 2);
        for (int i = 0; i < run.count(); i++) {
            String key = run.key(i);
            run.tally.sent(key, 1);
            if (i < run.count() / 2) {
                take(run, key, asking.request(run.message(i), TIMEOUT_MS));
            } else {
                asking.request(run.message(i), callback(run, key, answered), TIMEOUT_MS);
            }
        }
        run.tally.check(answered.await(Tally.LIMIT_MS, TimeUnit.MILLISECONDS), "not every asynchronous request was answered");
        askInVain(run, asking);
        replyToStranger(run, replier);
        run.tally.settle();
    }

    private static void reply(Run run, DefaultMQProducer replier, MessageExt message) {
        if (SILENT.equals(message.getTags())) {
            return;
        }
        try {
            byte[] body = ("reply to " + message.getKeys()).getBytes(StandardCharsets.UTF_8);
            replier.send(MessageUtil.createReplyMessage(message, body), 5_000);
        } catch (Exception failure) {
            run.tally.fault("reply to " + message.getKeys() + ": " + failure);
        }
    }

    private static void take(Run run, String key, Message reply) {
        String body = new String(reply.getBody(), StandardCharsets.UTF_8);
        run.tally.check(body.equals("reply to " + key), key + " was answered " + body);
        run.tally.received(key);
    }

    private static RequestCallback callback(Run run, String key, CountDownLatch answered) {
        return new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                take(run, key, reply);
                answered.countDown();
            }

            @Override
            public void onException(Throwable failure) {
                run.tally.fault(key + ": " + failure);
                answered.countDown();
            }
        };
    }

    private static void askInVain(Run run, DefaultMQProducer asking) throws Exception {
        Message message = run.message(run.count());
        message.setTags(SILENT);
        try {
            asking.request(message, 2_000);
            run.tally.fault("a request that nobody answers was answered");
        } catch (RequestTimeoutException expected) {
            run.tally.check(expected.getMessage().contains("wait reply message timeout"), expected.getMessage());
        }
    }

    /** The broker tells the replier when nobody takes the reply. */
    private static void replyToStranger(Run run, DefaultMQProducer replier) throws Exception {
        Message request = run.message(0);
        request.putUserProperty("unused", "unused");
        request.getProperties().put(MessageConst.PROPERTY_CLUSTER, CLUSTER);
        request.getProperties().put(MessageConst.PROPERTY_MESSAGE_REPLY_TO_CLIENT, "nobody@nowhere");
        request.getProperties().put(MessageConst.PROPERTY_CORRELATION_ID, "none");
        request.getProperties().put(MessageConst.PROPERTY_MESSAGE_TTL, "1000");
        try {
            replier.send(MessageUtil.createReplyMessage(request, new byte[] {1}), 5_000);
            run.tally.fault("a reply to nobody was taken");
        } catch (MQClientException refused) {
            // The client tries the other brokers, too.
            String reason = String.valueOf(refused.getCause());
            run.tally.check(reason.contains("channel of <nobody@nowhere> not found"), reason);
        }
    }
}
