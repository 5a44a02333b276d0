package gantry.compat;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Transactions: committed, rolled back, and such whose producer has to be asked. */
final class Transacting {
    /** Messages of the producer that lives: enough for it to be known to every broker. */
    private static final int OTHERS_OWN = 20;

    private Transacting() {
    }

    /** What a message's number says about its transaction: first state, then what is answered when asked. */
    private static LocalTransactionState first(int number) {
        return switch (number % 4) {
            case 0 -> LocalTransactionState.COMMIT_MESSAGE;
            case 1 -> LocalTransactionState.ROLLBACK_MESSAGE;
            default -> LocalTransactionState.UNKNOW;
        };
    }

    private static LocalTransactionState later(int number) {
        return number % 4 == 2 ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
    }

    private static final class Listener implements TransactionListener {
        final Map<String, AtomicInteger> checks = new ConcurrentHashMap<>();
        private final Run run;

        Listener(Run run) {
            this.run = run;
        }

        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object number) {
            run.tally.check(message.getTransactionId() != null, "no transaction id with " + message.getKeys());
            return first((Integer) number);
        }

        /** The second question about each message is answered. */
        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            int number = Integer.parseInt(message.getUserProperty("number"));
            run.tally.check(first(number) == LocalTransactionState.UNKNOW, "asked about " + message.getKeys() + ", which was decided");
            run.tally.check(message.getTopic().equals(run.topic()), "asked about topic " + message.getTopic());
            int times = checks.computeIfAbsent(message.getKeys(), key -> new AtomicInteger()).incrementAndGet();
            return times < 2 ? LocalTransactionState.UNKNOW : later(number);
        }
    }

    private static DefaultMQPushConsumer consume(Run run, Set<String> seen) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                seen.add(message.getKeys());
                run.received(message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private static void send(Run run, TransactionMQProducer producer, int number) throws Exception {
        Message message = run.message(number);
        message.putUserProperty("number", Integer.toString(number));
        SendResult result = producer.sendMessageInTransaction(message, number);
        boolean delivered = first(number) == LocalTransactionState.COMMIT_MESSAGE
            || first(number) == LocalTransactionState.UNKNOW && later(number) == LocalTransactionState.COMMIT_MESSAGE;
        run.sent(result, run.key(number), delivered ? 1 : 0);
    }

    static void run(Run run) throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        consume(run, seen);
        Listener listener = new Listener(run);
        TransactionMQProducer producer = run.transactionProducer(listener);
        for (int i = 0; i < run.count(); i++) {
            send(run, producer, i);
        }
        run.tally.settle();
        for (int i = 0; i < run.count(); i++) {
            if (first(i) == LocalTransactionState.UNKNOW) {
                run.tally.check(listener.checks.containsKey(run.key(i)), "nobody asked about " + run.key(i));
            }
        }
    }

    private static TransactionListener answering(LocalTransactionState first, LocalTransactionState later) {
        return new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
                return first;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return later;
            }
        };
    }

    /** The producer dies before it has decided anything; another one of its group is asked and commits. */
    static void producerDeath(Run run) throws Exception {
        consume(run, ConcurrentHashMap.newKeySet());
        // A producer is known to the brokers it has sent to.
        TransactionMQProducer other = run.transactionProducer(answering(LocalTransactionState.COMMIT_MESSAGE, LocalTransactionState.COMMIT_MESSAGE));
        int last = run.count() - 1;
        for (int i = 0; i < OTHERS_OWN; i++) {
            run.sent(other.sendMessageInTransaction(run.message(last - i), i), run.key(last - i), 1);
        }
        TransactionMQProducer dying = run.transactionProducer(answering(LocalTransactionState.UNKNOW, LocalTransactionState.UNKNOW));
        for (int i = 0; i <= last - OTHERS_OWN; i++) {
            run.sent(dying.sendMessageInTransaction(run.message(i), i), run.key(i), 1);
        }
        dying.shutdown();
        run.tally.settle();
    }
}
