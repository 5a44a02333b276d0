package gantry.compat;

import java.util.Properties;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Admin interface calls that no mqadmin command makes, with values checked. */
final class AdminCalls {
    private AdminCalls() {
    }

    static void run(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        for (int i = 0; i < run.count(); i++) {
            run.sent(producer.send(run.message(i)), run.key(i), 1);
        }
        Pulling.readAll(run);
        DefaultMQAdminExt admin = run.admin();
        TopicRouteData route = admin.examineTopicRouteInfo(run.topic());
        String broker = route.getBrokerDatas().get(0).selectBrokerAddr();
        TopicConfig topic = admin.examineTopicConfig(broker, run.topic());
        run.tally.check(topic.getTopicName().equals(run.topic()), "topic config of " + topic.getTopicName());
        SubscriptionGroupConfig group = new SubscriptionGroupConfig();
        group.setGroupName(run.group());
        group.setRetryMaxTimes(5);
        admin.createAndUpdateSubscriptionGroupConfig(broker, group);
        run.tally.check(admin.examineSubscriptionGroupConfig(broker, run.group()).getRetryMaxTimes() == 5, "retryMaxTimes is not 5");
        run.tally.check(admin.getAllTopicConfig(broker, 10_000).getTopicConfigTable().containsKey(run.topic()), "topic not listed");
        run.tally.check(admin.getAllSubscriptionGroup(broker, 10_000).getSubscriptionGroupTable().containsKey(run.group()), "group not listed");
        for (MessageQueue queue : producer.fetchPublishMessageQueues(run.topic())) {
            long min = admin.minOffset(queue);
            long max = admin.maxOffset(queue);
            run.tally.check(min == 0, queue + ": min offset " + min);
            admin.updateConsumeOffset(route.getBrokerDatas().stream().filter(data -> data.getBrokerName().equals(queue.getBrokerName()))
                .findFirst().orElseThrow().selectBrokerAddr(), run.group(), queue, max);
            if (max > 0) {
                run.tally.check(admin.earliestMsgStoreTime(queue) > 0, queue + ": no earliest store time");
            }
        }
        long total = admin.examineConsumeStats(run.group(), run.topic()).getOffsetTable().values().stream()
            .mapToLong(offset -> offset.getConsumerOffset()).sum();
        run.tally.check(total == run.count(), "consumer offsets add up to " + total);
        namesrvCalls(run, admin, broker);
    }

    private static void namesrvCalls(Run run, DefaultMQAdminExt admin, String broker) throws Exception {
        admin.createAndUpdateKvConfig("compat", run.group(), "value");
        run.tally.check("value".equals(admin.getKVConfig("compat", run.group())), "KV value is not read back");
        run.tally.check(admin.getKVListByNamespace("compat").getTable().containsKey(run.group()), "KV namespace does not list the key");
        admin.deleteKvConfig("compat", run.group());
        run.tally.check(admin.fetchAllTopicList().getTopicList().contains(run.topic()), "topic not in the NameServer's list");
        String cluster = admin.examineBrokerClusterInfo().getClusterAddrTable().keySet().iterator().next();
        run.tally.check(admin.fetchTopicsByCLuster(cluster).getTopicList().contains(run.topic()), "topic not in the cluster's list");
        admin.fetchBrokerRuntimeStats(broker);
        Properties config = admin.getBrokerConfig(broker);
        run.tally.check(config.containsKey("brokerName"), "broker config without brokerName");
    }
}
