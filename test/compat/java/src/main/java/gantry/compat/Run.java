package gantry.compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** One execution of a scenario: its arguments, its clients (closed at the end) and its tally. */
final class Run {
    /** For routes and locks: the default of 3 s ends a scenario on a machine where a JVM has just started. */
    private static final int API_TIMEOUT_MS = 15_000;
    private static final int SIGNAL_LIMIT_S = 300;
    private static final AtomicInteger INSTANCES = new AtomicInteger();
    private final Map<String, String> args;
    private final Consumer<Map<String, Object>> events;
    private final Deque<Runnable> closers = new ArrayDeque<>();
    private final BlockingQueue<String> signals = new LinkedBlockingQueue<>();
    final Tally tally = new Tally();
    boolean duplicatesAllowed;

    /** The argument {@code duplicates=allowed}: consumers on a slow machine may both have a queue while they share them out. */
    Run(Map<String, String> args, Consumer<Map<String, Object>> events) {
        this.args = args;
        this.duplicatesAllowed = "allowed".equals(args.get("duplicates"));
        this.events = events;
    }

    String text(String name) {
        String value = args.get(name);
        if (value == null) {
            throw new IllegalArgumentException("argument " + name + " is missing");
        }
        return value;
    }

    int number(String name, int fallback) {
        return args.containsKey(name) ? Integer.parseInt(args.get(name)) : fallback;
    }

    String topic() {
        return text("topic");
    }

    String group() {
        return text("group");
    }

    int count() {
        return number("count", 100);
    }

    void emit(String event) {
        events.accept(Map.of("event", event));
    }

    void signal(String name) {
        signals.add(name);
    }

    /** Waits for the runner to say {@code name}; a scenario that waits longer than it takes to start a server has failed. */
    void await(String name) throws InterruptedException {
        String got = signals.poll(SIGNAL_LIMIT_S, TimeUnit.SECONDS);
        if (!name.equals(got)) {
            throw new IllegalStateException("waited for " + name + ", got " + got);
        }
    }

    /** Whether the runner has said {@code name}; does not wait for it. */
    boolean isSignalled(String name) {
        return name.equals(signals.peek());
    }

    void onClose(Runnable closer) {
        closers.push(closer);
    }

    void close() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }

    /** Signs with the arguments accessKey and secretKey, if there are such. */
    private RPCHook hook() {
        if (!args.containsKey("accessKey")) {
            return null;
        }
        return new AclClientRPCHook(new SessionCredentials(text("accessKey"), text("secretKey")));
    }

    /** Short intervals: a suite cannot wait for the 20 and 30 s defaults. */
    private <T extends ClientConfig> T fast(T client) {
        client.setNamesrvAddr(text("namesrv"));
        client.setInstanceName("compat-" + ProcessHandle.current().pid() + "-" + INSTANCES.incrementAndGet());
        client.setPollNameServerInterval(1000);
        client.setHeartbeatBrokerInterval(1000);
        client.setPersistConsumerOffsetInterval(1000);
        client.setClientCallbackExecutorThreads(2);
        client.setMqClientApiTimeout(API_TIMEOUT_MS);
        return client;
    }

    DefaultMQProducer producer() throws Exception {
        DefaultMQProducer producer = fast(new DefaultMQProducer("PID_" + group(), hook()));
        producer.setSendMsgTimeout(10_000);
        producer.setMaxMessageSize(8 << 20);
        producer.start();
        onClose(producer::shutdown);
        return producer;
    }

    TransactionMQProducer transactionProducer(TransactionListener listener) throws Exception {
        TransactionMQProducer producer = fast(new TransactionMQProducer("PID_" + group(), hook()));
        producer.setSendMsgTimeout(10_000);
        producer.setTransactionListener(listener);
        producer.start();
        onClose(producer::shutdown);
        return producer;
    }

    /** A push consumer that is not started yet. */
    DefaultMQPushConsumer consumer(String group) {
        DefaultMQPushConsumer consumer = fast(new DefaultMQPushConsumer(group, hook()));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        onClose(consumer::shutdown);
        return consumer;
    }

    /** With the client's own settings, but for how often it looks at the routes; not started yet. */
    private <T extends ClientConfig> T plain(T client) {
        client.setNamesrvAddr(text("namesrv"));
        client.setInstanceName("compat-" + ProcessHandle.current().pid() + "-" + INSTANCES.incrementAndGet());
        client.setPollNameServerInterval(number("pollMs", client.getPollNameServerInterval()));
        return client;
    }

    DefaultMQProducer plainProducer() {
        return plain(new DefaultMQProducer("PID_" + group(), hook()));
    }

    DefaultMQPushConsumer plainConsumer() {
        DefaultMQPushConsumer consumer = plain(new DefaultMQPushConsumer(group(), hook()));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(2);
        consumer.setConsumeThreadMax(2);
        return consumer;
    }

    DefaultLitePullConsumer litePull() {
        DefaultLitePullConsumer consumer = fast(new DefaultLitePullConsumer(group(), hook()));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThreadNums(2);
        onClose(consumer::shutdown);
        return consumer;
    }

    @SuppressWarnings("deprecation")
    org.apache.rocketmq.client.consumer.DefaultMQPullConsumer pull() throws Exception {
        var consumer = fast(new org.apache.rocketmq.client.consumer.DefaultMQPullConsumer(group(), hook()));
        consumer.start();
        onClose(consumer::shutdown);
        return consumer;
    }

    DefaultMQAdminExt admin() throws Exception {
        DefaultMQAdminExt admin = fast(new DefaultMQAdminExt(hook(), 10_000));
        admin.start();
        onClose(admin::shutdown);
        return admin;
    }

    /** Body: "body of KEY", padded with spaces to the argument bodySize if there is one. */
    Message message(int index) {
        String key = key(index);
        String body = "body of " + key;
        int padding = Math.max(0, number("bodySize", 0) - body.length());
        return new Message(topic(), null, key, (body + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8));
    }

    String key(int index) {
        return group() + "-" + index;
    }

    /** Every received message passes here: its body must be what its key says. */
    void received(MessageExt message) {
        String key = message.getKeys();
        if (!new String(message.getBody(), StandardCharsets.UTF_8).stripTrailing().equals("body of " + key)) {
            tally.fault("wrong body for " + key);
        }
        tally.received(key);
    }

    void sent(SendResult result, String key, int copies) {
        tally.check(result.getSendStatus() == SendStatus.SEND_OK, key + ": " + result.getSendStatus());
        tally.sent(key, copies);
    }
}
