package gantry.compat.spring;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.spring.core.RocketMQTemplate;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;
import org.springframework.stereotype.Component;

/** What the starter's template offers, a scenario each; topics and groups are those of ../../../../../../../clients.ts. */
@Component
class Scenarios {
  interface Scenario {
    void run(Tally tally) throws Exception;
  }

  private static final int TIMEOUT_MS = 20_000;

  private final RocketMQTemplate template;
  final Map<String, Scenario> byName = Map.ofEntries(
      Map.entry("send-sync", this::sendSync),
      Map.entry("send-async", this::sendAsync),
      Map.entry("send-batch", this::sendBatch),
      Map.entry("object", this::object),
      Map.entry("orderly", this::orderly),
      Map.entry("tag-filter", this::tagFilter),
      Map.entry("sql-filter", this::sqlFilter),
      Map.entry("delay", this::delay),
      Map.entry("retry", this::retry),
      Map.entry("transactions", this::transactions),
      Map.entry("receive", this::receive));

  Scenarios(RocketMQTemplate template) {
    this.template = template;
  }

  private static Message<String> messageOf(String body) {
    return MessageBuilder.withPayload(body).build();
  }

  private static void checkStored(Tally tally, SendResult result) {
    tally.check(result.getSendStatus() == SendStatus.SEND_OK, "status " + result.getSendStatus());
  }

  private void sendSync(Tally tally) throws Exception {
    for (int i = 0; i < 60; i++) {
      checkStored(tally, template.syncSend("spring-send-sync", messageOf(tally.sending("sync " + i)), TIMEOUT_MS));
    }
    tally.awaitAll();
  }

  private void sendAsync(Tally tally) throws Exception {
    CountDownLatch answered = new CountDownLatch(60);
    for (int i = 0; i < 60; i++) {
      template.asyncSend("spring-send-async", messageOf(tally.sending("async " + i)), new SendCallback() {
        @Override
        public void onSuccess(SendResult result) {
          checkStored(tally, result);
          answered.countDown();
        }

        @Override
        public void onException(Throwable error) {
          tally.check(false, String.valueOf(error));
          answered.countDown();
        }
      }, TIMEOUT_MS);
    }
    tally.check(answered.await(TIMEOUT_MS, TimeUnit.MILLISECONDS), "not every send was answered");
    tally.awaitAll();
  }

  private void sendBatch(Tally tally) throws Exception {
    List<Message<String>> batch =
        IntStream.range(0, 40).mapToObj(i -> messageOf(tally.sending("batch " + i))).toList();
    checkStored(tally, template.syncSend("spring-send-batch", batch, TIMEOUT_MS));
    tally.awaitAll();
  }

  private void object(Tally tally) throws Exception {
    for (int i = 0; i < 10; i++) {
      template.convertAndSend("spring-object", new Order(tally.sending("order " + i), i));
    }
    tally.awaitAll();
  }

  private void orderly(Tally tally) throws Exception {
    for (int i = 0; i < 30; i++) {
      for (String key : List.of("a", "b", "c")) {
        template.syncSendOrderly("spring-orderly", messageOf(tally.sending(key + " " + i)), key, TIMEOUT_MS);
      }
    }
    tally.awaitAll();
  }

  private void tagFilter(Tally tally) throws Exception {
    for (int i = 0; i < 30; i++) {
      String tag = List.of("a", "b", "c").get(i % 3);
      String body = tag + " " + i;
      if (!tag.equals("c")) tally.sending(body);
      template.syncSend("spring-tag-filter:" + tag, messageOf(body), TIMEOUT_MS);
    }
    tally.awaitAll();
    Thread.sleep(1000);
  }

  private void sqlFilter(Tally tally) throws Exception {
    for (int i = 0; i < 30; i++) {
      String body = "sql " + i;
      if (i > 20) tally.sending(body);
      Message<String> message = MessageBuilder.withPayload(body).setHeader("number", i).build();
      template.syncSend("spring-sql-filter", message, TIMEOUT_MS);
    }
    tally.awaitAll();
    Thread.sleep(1000);
  }

  private void delay(Tally tally) throws Exception {
    for (int i = 0; i < 5; i++) {
      String body = tally.sending("delay " + (System.currentTimeMillis() + 3000) + " " + i);
      template.syncSendDelayTimeMills("spring-delay", body, 3000);
    }
    tally.awaitAll();
  }

  private void retry(Tally tally) throws Exception {
    for (int i = 0; i < 5; i++) template.syncSend("spring-retry", messageOf(tally.sending("retry " + i)), TIMEOUT_MS);
    tally.awaitAll();
  }

  private void transactions(Tally tally) throws Exception {
    for (int i = 0; i < 12; i++) {
      String body = "transaction " + i;
      boolean isUnknown = i % 3 == 2;
      if (i % 3 == 0 || (isUnknown && Listeners.LocalTransactions.isCommittedWhenAsked(i))) tally.sending(body);
      template.sendMessageInTransaction("spring-transactions", messageOf(body), null);
    }
    tally.awaitAll();
    Thread.sleep(2000);
  }

  private void receive(Tally tally) throws Exception {
    // The consumer of the template begins at the end of the log when it first looks.
    template.receive(String.class, 3000);
    for (int i = 0; i < 20; i++) {
      template.syncSend("spring-receive", messageOf(tally.sending("receive " + i)), TIMEOUT_MS);
    }
    long end = System.currentTimeMillis() + 3L * TIMEOUT_MS;
    for (int count = 0; count < 20 && System.currentTimeMillis() < end; ) {
      for (String body : template.receive(String.class, 1000)) {
        tally.receive(body);
        count++;
      }
    }
  }
}
