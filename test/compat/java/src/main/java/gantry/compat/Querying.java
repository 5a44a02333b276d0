package gantry.compat;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Looking messages up. */
final class Querying {
    private Querying() {
    }

    static void byIdAndKey(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        DefaultMQAdminExt admin = run.admin();
        long begin = System.currentTimeMillis() - 60_000;
        for (int i = 0; i < run.count(); i++) {
            Message message = run.message(i);
            String key = run.key(i);
            message.setKeys(List.of(key, "shared-" + run.group()));
            SendResult result = producer.send(message);
            run.sent(result, result.getMsgId(), 3);
            MessageExt byId = producer.viewMessage(run.topic(), result.getOffsetMsgId());
            run.tally.check(byId.getQueueOffset() == result.getQueueOffset(), "offset message id leads to another message");
            run.tally.received(byId.getMsgId());
            MessageExt byUniqueKey = await(() -> admin.queryMessage(null, run.topic(), result.getMsgId()));
            run.tally.received(byUniqueKey.getMsgId());
            QueryResult byKey = await(() -> admin.queryMessage(run.topic(), key, 10, begin, Long.MAX_VALUE));
            run.tally.check(byKey.getMessageList().size() == 1, "key of one message finds " + byKey.getMessageList().size());
            byKey.getMessageList().forEach(found -> run.tally.received(found.getMsgId()));
        }
        QueryResult shared = await(() -> admin.queryMessage(run.topic(), "shared-" + run.group(), 64, begin, Long.MAX_VALUE));
        run.tally.check(shared.getMessageList().size() == run.count(), "shared key finds " + shared.getMessageList().size());
    }

    private interface Lookup<T> {
        T get() throws Exception;
    }

    /** The index is built behind the acknowledgement: ask again for a few seconds before a lookup has failed. */
    private static <T> T await(Lookup<T> lookup) throws Exception {
        long deadline = System.currentTimeMillis() + Tally.LIMIT_MS;
        while (true) {
            try {
                T found = lookup.get();
                if (found != null) {
                    return found;
                }
            } catch (Exception failure) {
                if (System.currentTimeMillis() > deadline) {
                    throw failure;
                }
            }
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("lookup found nothing");
            }
            Thread.sleep(50);
        }
    }

    @SuppressWarnings("deprecation")
    static void byTimestamp(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        MessageQueue queue = producer.fetchPublishMessageQueues(run.topic()).get(0);
        List<String> order = new ArrayList<>();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i), queue), run.key(i), 1);
            order.add(run.key(i));
            Thread.sleep(3);
        }
        List<MessageExt> stored = new ArrayList<>();
        Pulling.eachMessage(run, message -> {
            run.received(message);
            stored.add(message);
        });
        var consumer = run.pull();
        for (int i = 0; i < stored.size(); i++) {
            run.tally.check(stored.get(i).getKeys().equals(order.get(i)), "message " + i + " is " + stored.get(i).getKeys());
            int first = i;
            while (first > 0 && stored.get(first - 1).getStoreTimestamp() == stored.get(i).getStoreTimestamp()) {
                first--;
            }
            long found = consumer.searchOffset(queue, stored.get(i).getStoreTimestamp());
            run.tally.check(found == first, "time of message " + i + " finds offset " + found + ", not " + first);
        }
        long before = consumer.searchOffset(queue, stored.get(0).getStoreTimestamp() - 5000);
        long after = consumer.searchOffset(queue, stored.get(stored.size() - 1).getStoreTimestamp() + 5000);
        run.tally.check(before == 0, "a time before the first message finds " + before);
        run.tally.check(after == run.count(), "a time after the last message finds " + after);
        run.tally.check(consumer.earliestMsgStoreTime(queue) == stored.get(0).getStoreTimestamp(), "earliest store time differs");
    }
}
