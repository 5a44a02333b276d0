package gantry.compat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;

/** Consumers of light queues, as the official examples set them up: no name server has a route for them. */
final class Light {
    private Light() {
    }

    private static String queue(Run run) {
        return "%LMQ%" + run.group().substring(2);
    }

    /** Every second message goes into the light queue. */
    private static void send(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count() * 2; i++) {
            Message message = run.message(i);
            if (i % 2 == 0) {
                message.putUserProperty("INNER_MULTI_DISPATCH", queue(run) + ",%LMQ%others");
            }
            run.sent(producer.send(message), run.key(i), i % 2 == 0 ? 1 : 0);
        }
    }

    /** Pulls from the queue's beginning to its end; then a pull that waits is answered by the next message. */
    @SuppressWarnings("deprecation")
    static void pull(Run run) throws Exception {
        send(run);
        var consumer = run.pull();
        consumer.getDefaultMQPullConsumerImpl().getRebalanceImpl().getmQClientFactory()
            .updateTopicRouteInfoFromNameServer(run.topic());
        MessageQueue queue = new MessageQueue(queue(run), "broker-a", 0);
        run.tally.check(consumer.maxOffset(queue) == run.count(), "maxOffset is " + consumer.maxOffset(queue));
        long offset = consumer.minOffset(queue);
        run.tally.check(offset == 0, "minOffset is " + offset);
        while (offset < run.count()) {
            PullResult result = consumer.pullBlockIfNotFound(queue, "*", offset, 32);
            if (result.getPullStatus() != PullStatus.FOUND) {
                run.tally.fault("pull at " + offset + ": " + result.getPullStatus());
                return;
            }
            result.getMsgFoundList().forEach(run::received);
            offset = result.getNextBeginOffset();
        }
        consumer.getDefaultMQPullConsumerImpl().getOffsetStore().updateConsumeOffsetToBroker(queue, offset, false);
        long stored = consumer.fetchConsumeOffset(queue, true);
        run.tally.check(stored == offset, "stored offset " + offset + " reads back as " + stored);
    }

    /** A push consumer that pops: every message comes once, and one that failed comes again. */
    static void pop(Run run) throws Exception {
        DefaultMQPushConsumer consumer = run.consumer(run.group());
        consumer.setClientRebalance(false);
        consumer.subscribe(queue(run), "*");
        Map<String, Integer> times = new HashMap<>();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            boolean isFailure = false;
            synchronized (times) {
                for (var message : messages) {
                    run.tally.check(message.getProperty("POP_CK") != null, message.getKeys() + " was pulled");
                    boolean isFirst = times.merge(message.getKeys(), 1, Integer::sum) == 1;
                    if (isFirst && message.getKeys().endsWith("-10")) {
                        isFailure = true;
                    } else {
                        run.received(message);
                    }
                }
            }
            return isFailure ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.setConsumeMessageBatchMaxSize(1);
        consumer.start();
        MQClientInstance client = consumer.getDefaultMQPushConsumerImpl().getmQClientFactory();
        client.updateTopicRouteInfoFromNameServer(run.topic());
        BrokerData broker = new BrokerData();
        broker.setCluster("CompatCluster");
        broker.setBrokerName("broker-a");
        broker.setBrokerAddrs(new HashMap<>(Map.of(0L, run.text("broker"))));
        TopicRouteData route = new TopicRouteData();
        route.setBrokerDatas(List.of(broker));
        client.getTopicRouteTable().put(queue(run), route);
        client.doRebalance();
        send(run);
        run.tally.settle();
    }
}
