package gantry.compat.spring;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.spring.annotation.ConsumeMode;
import org.apache.rocketmq.spring.annotation.RocketMQMessageListener;
import org.apache.rocketmq.spring.annotation.RocketMQTransactionListener;
import org.apache.rocketmq.spring.annotation.SelectorType;
import org.apache.rocketmq.spring.core.RocketMQListener;
import org.apache.rocketmq.spring.core.RocketMQLocalTransactionListener;
import org.apache.rocketmq.spring.core.RocketMQLocalTransactionState;
import org.springframework.messaging.Message;
import org.springframework.stereotype.Component;

/** Listeners as an application has them: a bean for each topic. */
final class Listeners {
  private Listeners() {}

  private static int numberOf(String body) {
    return Integer.parseInt(body.substring(body.lastIndexOf(' ') + 1));
  }

  @Component
  @RocketMQMessageListener(topic = "spring-send-sync", consumerGroup = "g-spring-send-sync")
  record Sync(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      tallies.of("send-sync").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-send-async", consumerGroup = "g-spring-send-async")
  record Async(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      tallies.of("send-async").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-send-batch", consumerGroup = "g-spring-send-batch")
  record Batch(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      tallies.of("send-batch").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-object", consumerGroup = "g-spring-object")
  record Objects(Tallies tallies) implements RocketMQListener<Order> {
    @Override
    public void onMessage(Order order) {
      tallies.of("object").receive(order.id);
      tallies.of("object").check(order.amount == numberOf(order.id), order.id + " has amount " + order.amount);
    }
  }

  @Component
  @RocketMQMessageListener(
      topic = "spring-orderly", consumerGroup = "g-spring-orderly", consumeMode = ConsumeMode.ORDERLY)
  static class Orderly implements RocketMQListener<String> {
    private final Tallies tallies;
    private final Map<String, Integer> last = new ConcurrentHashMap<>();

    Orderly(Tallies tallies) {
      this.tallies = tallies;
    }

    @Override
    public void onMessage(String body) {
      String key = body.split(" ")[0];
      Integer before = last.put(key, numberOf(body));
      tallies.of("orderly").check(before == null || before < numberOf(body), body + " after " + before);
      tallies.of("orderly").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(
      topic = "spring-tag-filter", consumerGroup = "g-spring-tag-filter", selectorExpression = "a || b")
  record Tags(Tallies tallies) implements RocketMQListener<MessageExt> {
    @Override
    public void onMessage(MessageExt message) {
      tallies.of("tag-filter").receive(new String(message.getBody()));
      tallies.of("tag-filter").check(!message.getTags().equals("c"), "tag " + message.getTags());
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-sql-filter", consumerGroup = "g-spring-sql-filter",
      selectorType = SelectorType.SQL92, selectorExpression = "number > 20")
  record Sql(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      tallies.of("sql-filter").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-delay", consumerGroup = "g-spring-delay")
  record Delay(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      long dueMs = Long.parseLong(body.split(" ")[1]);
      long lateMs = System.currentTimeMillis() - dueMs;
      tallies.of("delay").check(lateMs > -1100 && lateMs < 20_000, body + " late by " + lateMs + " ms");
      tallies.of("delay").receive(body);
    }
  }

  @Component
  @RocketMQMessageListener(
      topic = "spring-retry", consumerGroup = "g-spring-retry", delayLevelWhenNextConsume = 1)
  record Retry(Tallies tallies) implements RocketMQListener<MessageExt> {
    @Override
    public void onMessage(MessageExt message) {
      if (message.getReconsumeTimes() == 0) throw new IllegalStateException("not yet");
      tallies.of("retry").receive(new String(message.getBody()));
    }
  }

  @Component
  @RocketMQMessageListener(topic = "spring-transactions", consumerGroup = "g-spring-transactions")
  record Transactions(Tallies tallies) implements RocketMQListener<String> {
    @Override
    public void onMessage(String body) {
      tallies.of("transactions").receive(body);
    }
  }

  /** Of three one is committed, one rolled back and one left to be asked for; of those every other one is committed then. */
  @RocketMQTransactionListener
  static class LocalTransactions implements RocketMQLocalTransactionListener {
    @Override
    public RocketMQLocalTransactionState executeLocalTransaction(Message message, Object argument) {
      return switch (numberOf(textOf(message)) % 3) {
        case 0 -> RocketMQLocalTransactionState.COMMIT;
        case 1 -> RocketMQLocalTransactionState.ROLLBACK;
        default -> RocketMQLocalTransactionState.UNKNOWN;
      };
    }

    @Override
    public RocketMQLocalTransactionState checkLocalTransaction(Message message) {
      return isCommittedWhenAsked(numberOf(textOf(message)))
          ? RocketMQLocalTransactionState.COMMIT
          : RocketMQLocalTransactionState.ROLLBACK;
    }

    static boolean isCommittedWhenAsked(int number) {
      return number % 2 == 0;
    }

    private static String textOf(Message message) {
      return message.getPayload() instanceof byte[] bytes ? new String(bytes) : String.valueOf(message.getPayload());
    }
  }
}
