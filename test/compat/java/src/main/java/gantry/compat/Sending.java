package gantry.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Ways to send. Each sends, then reads the whole topic back queue by queue. */
final class Sending {
    private static final int MESSAGE_ILLEGAL = 13;
    /** Far from what a level more would make of a message, and from a machine that has other things to do. */
    private static final int LATE_LIMIT_MS = 30_000;

    private Sending() {
    }

    static void sync(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        Pulling.readAll(run);
    }

    static void async(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        CountDownLatch done = new CountDownLatch(run.count());
        Semaphore inFlight = new Semaphore(32);
        for (int i = 0; i < run.count(); i++) {
            String key = run.key(i);
            inFlight.acquire();
            producer.send(run.message(i), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    run.sent(result, key, 1);
                    inFlight.release();
                    done.countDown();
                }

                @Override
                public void onException(Throwable failure) {
                    run.tally.fault(key + ": " + failure);
                    inFlight.release();
                    done.countDown();
                }
            });
        }
        run.tally.check(done.await(Tally.LIMIT_MS, TimeUnit.MILLISECONDS), "not every async send was answered");
        Pulling.readAll(run);
    }

    static void oneway(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        // One answered send first, so that connections exist; a oneway send into a closed channel is lost by design.
        run.sent(producer.send(run.message(0)), run.key(0), 1);
        for (int i = 1; i < run.count(); i++) {
            producer.sendOneway(run.message(i));
            run.tally.sent(run.key(i), 1);
        }
        Pulling.readAll(run);
    }

    static void batch(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        int size = 10;
        for (int from = 0; from < run.count(); from += size) {
            List<Message> messages = new ArrayList<>();
            for (int i = from; i < from + size; i++) {
                messages.add(run.message(i));
            }
            SendResult result = producer.send(messages);
            run.tally.check(result.getOffsetMsgId().split(",").length == size, "batch answered " + result.getOffsetMsgId());
            for (int i = from; i < from + size; i++) {
                run.sent(result, run.key(i), 1);
            }
        }
        Pulling.readAll(run);
    }

    /** The topic does not exist: the broker creates it from TBW102 as the producer asks. */
    static void autoCreate(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        producer.setDefaultTopicQueueNums(2);
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (producer.getDefaultMQProducerImpl().getmQClientFactory().getAnExistTopicRouteData(run.topic()) == null
            && System.currentTimeMillis() < deadline) {
            Thread.sleep(200);
        }
        Pulling.readAll(run);
    }

    /** Bodies the client compresses, bodies it cannot compress, and one that is over the broker's limit. */
    static void bigBody(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        int[] sizes = {1, 4095, 4097, 65_536, 1_000_000, 3_000_000};
        for (int i = 0; i < sizes.length * 2; i++) {
            byte[] body = new byte[sizes[i / 2]];
            if (i % 2 == 0) {
                new Random(i).nextBytes(body);
            }
            CRC32 crc = new CRC32();
            crc.update(body);
            String key = run.key(i) + "-" + Long.toHexString(crc.getValue()) + "-" + body.length;
            run.sent(producer.send(new Message(run.topic(), null, key, body)), key, 1);
        }
        byte[] tooBig = new byte[5 << 20];
        new Random(1).nextBytes(tooBig);
        try {
            producer.send(new Message(run.topic(), tooBig));
            run.tally.fault("a message of 5 MiB was accepted");
        } catch (MQBrokerException refused) {
            run.tally.check(refused.getResponseCode() == MESSAGE_ILLEGAL, "5 MiB refused with code " + refused.getResponseCode());
        }
        Pulling.eachMessage(run, message -> {
            CRC32 crc = new CRC32();
            crc.update(message.getBody());
            String tail = Long.toHexString(crc.getValue()) + "-" + message.getBody().length;
            run.tally.check(message.getKeys().endsWith(tail), message.getKeys() + ": body reads " + tail);
            run.tally.received(message.getKeys());
        });
    }

    /** Levels 1 and 5; a delayed message arrives not before its time and at most a few seconds late. */
    static void delay(Run run) throws Exception {
        int[] levelMs = {run.number("level1Ms", 1000), run.number("level5Ms", 3000)};
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                long late = System.currentTimeMillis() - Long.parseLong(message.getUserProperty("due"));
                // The broker measures from its store time and delivers on a 100 ms tick, so a little early by our clock is possible.
                run.tally.check(late > -200, message.getKeys() + " came " + -late + " ms early");
                run.tally.check(late < LATE_LIMIT_MS, message.getKeys() + " came " + late + " ms late");
                run.received(message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            message.setDelayTimeLevel(i % 2 == 0 ? 1 : 5);
            message.putUserProperty("due", Long.toString(System.currentTimeMillis() + levelMs[i % 2]));
            run.sent(producer.send(message), run.key(i), 1);
        }
        run.tally.settle();
    }

    /** Fills a topic for other scenarios: keys, a tag per three messages, queue by index; reads nothing back. */
    static void fill(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        List<MessageQueue> queues = new ArrayList<>(producer.fetchPublishMessageQueues(run.topic()));
        queues.sort(null);
        int from = run.number("from", 0);
        for (int i = from; i < from + run.count(); i++) {
            Message message = run.message(i);
            message.setTags("tag" + i % 3);
            message.putUserProperty("number", Integer.toString(i));
            run.sent(producer.send(message, queues.get(i % queues.size())), run.key(i), 0);
        }
        run.tally.check(queues.size() == run.number("queues", queues.size()), "topic has " + queues.size() + " queues");
    }
}
