package gantry.compat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.hook.SendMessageContext;
import org.apache.rocketmq.client.hook.SendMessageHook;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Clients that go on, whatever happens to the brokers, until they are told to stop; what happened stands in a file, a line per
 * message, fields separated by tabs. They have the client's own settings but for those given as arguments.
 */
final class Steady {
    private static final int LINES_UNTIL_FLUSH = 50;
    private static final int STARTS = 10;
    private static final int START_AGAIN_MS = 1_000;

    private Steady() {
    }

    /**
     * Sends a message every {@code everyMs}, one at a time, as an application does that goes on with the next one after an error.
     * A line: start, end (ms since 1970), attempts of the client, key, then broker, queue, offset and status, or "-" and the error.
     */
    static void send(Run run) throws Exception {
        DefaultMQProducer producer = run.plainProducer();
        producer.setSendMsgTimeout(run.number("timeoutMs", producer.getSendMsgTimeout()));
        AtomicInteger attempts = new AtomicInteger();
        producer.getDefaultMQProducerImpl().registerSendMessageHook(counting(attempts));
        producer.start();
        run.onClose(producer::shutdown);
        int everyMs = run.number("everyMs", 20);
        try (Lines lines = new Lines(run.text("file"))) {
            for (int i = 0; !run.isSignalled("stop"); i++) {
                attempts.set(0);
                long start = System.currentTimeMillis();
                String outcome;
                boolean isFirst = i == 0;
                try {
                    SendResult result = producer.send(run.message(i));
                    var queue = result.getMessageQueue();
                    outcome = queue.getBrokerName() + "\t" + queue.getQueueId() + "\t" + result.getQueueOffset() + "\t" + result.getSendStatus();
                } catch (Exception failure) {
                    outcome = "-\t" + String.valueOf(failure.getMessage()).lines().findFirst().orElse("").replace('\t', ' ');
                }
                long end = System.currentTimeMillis();
                lines.add(start + "\t" + end + "\t" + attempts.get() + "\t" + run.key(i) + "\t" + outcome);
                if (isFirst) {
                    run.emit("begun");
                }
                Thread.sleep(Math.max(0, everyMs - (end - start)));
            }
        }
    }

    private static SendMessageHook counting(AtomicInteger attempts) {
        return new SendMessageHook() {
            @Override
            public String hookName() {
                return "attempts";
            }

            @Override
            public void sendMessageBefore(SendMessageContext context) {
                attempts.incrementAndGet();
            }

            @Override
            public void sendMessageAfter(SendMessageContext context) {
            }
        };
    }

    /** Consumes queue by queue in order. A line: time, broker, queue, offset, key. */
    static void consume(Run run) throws Exception {
        try (Lines lines = new Lines(run.text("file"))) {
            DefaultMQPushConsumer consumer = startedConsumer(run, (messages, context) -> {
                for (MessageExt message : messages) {
                    lines.add(System.currentTimeMillis() + "\t" + message.getBrokerName() + "\t" + message.getQueueId() + "\t"
                        + message.getQueueOffset() + "\t" + message.getKeys());
                }
                lines.flush();
                return ConsumeOrderlyStatus.SUCCESS;
            });
            run.emit("begun");
            while (!run.isSignalled("stop")) {
                Thread.sleep(50);
            }
            // Before the file is closed.
            consumer.shutdown();
        }
    }

    /**
     * A consumer does not start when the NameServer that it asks first is not there, or does not answer in time: applications are
     * started again then.
     */
    private static DefaultMQPushConsumer startedConsumer(Run run, MessageListenerOrderly listener) throws Exception {
        for (int attempt = 1; ; attempt++) {
            DefaultMQPushConsumer consumer = run.plainConsumer();
            consumer.subscribe(run.topic(), "*");
            consumer.registerMessageListener(listener);
            try {
                consumer.start();
                return consumer;
            } catch (IllegalStateException failure) {
                consumer.shutdown();
                if (attempt == STARTS) {
                    throw failure;
                }
                Thread.sleep(START_AGAIN_MS);
            }
        }
    }

    /** A file that several threads add lines to. */
    private static final class Lines implements AutoCloseable {
        private final BufferedWriter writer;
        private int waiting;

        Lines(String file) throws IOException {
            writer = Files.newBufferedWriter(Path.of(file), StandardCharsets.UTF_8);
        }

        synchronized void add(String line) {
            try {
                writer.write(line);
                writer.write('\n');
                if (++waiting >= LINES_UNTIL_FLUSH) {
                    flush();
                }
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }

        synchronized void flush() {
            try {
                waiting = 0;
                writer.flush();
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }

        @Override
        public synchronized void close() throws IOException {
            writer.close();
        }
    }
}
