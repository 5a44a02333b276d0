"""client.py ENDPOINT SCENARIO...: the official gRPC client for Python against a proxy; prints a JSON line for each scenario.

Topics and groups are those of ../grpc.ts.
"""
import json
import os
import sys
import threading
import time

from rocketmq import (ClientConfiguration, ConsumeResult, Credentials, FilterExpression, Message, MessageListener,
                      Producer, PushConsumer, SimpleConsumer, TransactionChecker, TransactionResolution)
from rocketmq.grpc_protocol import FilterType

LIMIT_S = 60
SETTLE_S = 10


class Outcome:
    """What one scenario sent, received and found wrong. Listeners run on threads of the client."""

    def __init__(self):
        self.sent = set()
        self.received = {}
        self.faults = []
        self.lock = threading.Lock()

    def receive(self, body):
        with self.lock:
            self.received[body] = self.received.get(body, 0) + 1

    def check(self, holds, fault):
        if not holds:
            with self.lock:
                self.faults.append(fault)

    def is_complete(self):
        with self.lock:
            return all(body in self.received for body in self.sent)

    def await_all(self):
        end = time.monotonic() + LIMIT_S
        while not self.is_complete() and time.monotonic() < end:
            time.sleep(0.02)

    def row(self, scenario, ms):
        with self.lock:
            received = dict(self.received)
        for body in received:
            self.check(body in self.sent, f"received what was not to come: {body}")
        total = sum(received.values())
        lost = len([body for body in self.sent if body not in received])
        return {
            "scenario": scenario,
            "ok": not self.faults and lost == 0,
            "sent": len(self.sent),
            "received": total,
            "duplicates": total - len(received),
            "lost": lost,
            "ms": ms,
            "faults": self.faults,
        }


class Listener(MessageListener):
    """Gives bodies that begin with `prefix` to `consume`; others are of other clients."""

    def __init__(self, prefix, outcome, consume):
        self.prefix = prefix
        self.outcome = outcome
        self.consume_own = consume

    def consume(self, message):
        body = message.body.decode()
        if not body.startswith(self.prefix):
            return ConsumeResult.SUCCESS
        try:
            return self.consume_own(body, message) or ConsumeResult.SUCCESS
        except Exception as error:  # the client would only log it
            self.outcome.check(False, f"listener: {error!r}")
            return ConsumeResult.FAILURE


class EvenCommits(TransactionChecker):
    def check(self, message):
        is_even = int(message.body.decode().split(" ")[-1]) % 2 == 0
        return TransactionResolution.COMMIT if is_even else TransactionResolution.ROLLBACK


def configuration():
    return ClientConfiguration(ENDPOINT, Credentials())


def message_of(topic, body, **settings):
    message = Message()
    message.topic = topic
    message.body = body.encode()
    for name, value in settings.items():
        setattr(message, name, value)
    return message


class started:
    """A client from its start-up to its shutdown."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        self.client.startup()
        return self.client

    def __exit__(self, *_):
        self.client.shutdown()


def pushed(outcome, topic, group, prefix, consume, use, expression=None, checker=None):
    """A push consumer and a producer; the consumer is there before the first message."""
    listener = Listener(prefix, outcome, consume)
    with started(PushConsumer(configuration(), group, listener, {topic: expression or FilterExpression()})):
        time.sleep(SETTLE_S)
        with started(Producer(configuration(), (topic,), checker)) as producer:
            use(producer)


def push(outcome):
    def consume(body, message):
        outcome.receive(body)
        outcome.check(message.tag == "tag" and "key" in message.keys, f"tag {message.tag}, keys {message.keys}")
        outcome.check(message.properties.get("own") == body, f"properties {message.properties}")
        outcome.check(not message.corrupted, f"{body} is corrupted")

    def use(producer):
        for i in range(60):
            body = f"python push {i}"
            outcome.sent.add(body)
            message = message_of("grpc-normal", body, tag="tag", keys="key")
            message.add_property("own", body)
            if i % 2 == 0:
                producer.send(message)
            else:
                producer.send_async(message).result(LIMIT_S)
        outcome.await_all()

    pushed(outcome, "grpc-normal", "g-push", "python push ", consume, use)


def sql_filter(outcome):
    def use(producer):
        for i in range(30):
            body = f"python sql {i}"
            if i > 20:
                outcome.sent.add(body)
            message = message_of("grpc-normal", body)
            message.add_property("number", str(i))
            producer.send(message)
        outcome.await_all()
        time.sleep(2)

    expression = FilterExpression("number > 20", FilterType.SQL)
    pushed(outcome, "grpc-normal", "g-sql-filter", "python sql ", lambda body, _: outcome.receive(body), use, expression)


def fifo(outcome):
    orders = {}

    def consume(body, message):
        outcome.receive(body)
        with outcome.lock:
            orders.setdefault(message.message_group, []).append(int(body.split(" ")[-1]))

    def use(producer):
        for i in range(20):
            for group in ("a", "b", "c"):
                body = f"python fifo {group} {i}"
                outcome.sent.add(body)
                producer.send(message_of("grpc-fifo", body, message_group=group))
        outcome.await_all()
        for group, order in orders.items():
            outcome.check(order == sorted(set(order)), f"order of {group}: {order}")

    pushed(outcome, "grpc-fifo", "g-fifo", "python fifo ", consume, use)


def delay(outcome):
    due = {}

    def consume(body, _):
        outcome.receive(body)
        late_ms = time.time() * 1000 - due.get(body, 0)
        outcome.check(-1100 < late_ms < 20_000, f"{body} late by {late_ms:.0f} ms")

    def use(producer):
        for i in range(6):
            body = f"python delay {i}"
            # This client takes seconds.
            at_s = int(time.time()) + 5 + i % 3
            due[body] = at_s * 1000
            receipt = producer.send(message_of("grpc-delay", body, delivery_timestamp=at_s))
            if i % 3 == 2:
                producer.recall_message("grpc-delay", receipt.recall_handle)
            else:
                outcome.sent.add(body)
        outcome.await_all()
        time.sleep(3)

    pushed(outcome, "grpc-delay", "g-delay", "python delay ", consume, use)


def transaction(outcome):
    def use(producer):
        for i in range(12):
            body = f"python transaction {i}"
            if i % 2 == 0:
                outcome.sent.add(body)
            one = producer.begin_transaction()
            producer.send(message_of("grpc-transaction", body), one)
            # The last ones are left to be asked for.
            if i < 8:
                one.commit() if i % 2 == 0 else one.rollback()
        outcome.await_all()
        time.sleep(1)

    consume = lambda body, _: outcome.receive(body)
    pushed(outcome, "grpc-transaction", "g-transaction", "python transaction ", consume, use, checker=EvenCommits())


def retry(outcome):
    attempts = {}

    def consume(body, message):
        with outcome.lock:
            attempts[body] = attempts.get(body, 0) + 1
        outcome.check(message.delivery_attempt == attempts[body], f"{body}: attempt {message.delivery_attempt}")
        if attempts[body] == 1:
            return ConsumeResult.FAILURE
        outcome.receive(body)

    def use(producer):
        for i in range(5):
            outcome.sent.add(f"python retry {i}")
            producer.send(message_of("grpc-normal", f"python retry {i}"))
        outcome.await_all()

    pushed(outcome, "grpc-normal", "g-retry", "python retry ", consume, use)


def simple(outcome):
    subscription = {"grpc-normal": FilterExpression()}
    with started(SimpleConsumer(configuration(), "g-simple", subscription, await_duration=5)) as consumer:
        with started(Producer(configuration(), ("grpc-normal",))) as producer:
            for i in range(12):
                outcome.sent.add(f"python simple {i}")
                producer.send(message_of("grpc-normal", f"python simple {i}"))
        postponed = set()
        end = time.monotonic() + LIMIT_S
        while not outcome.is_complete() and time.monotonic() < end:
            for message in consumer.receive(16, 10):
                body = message.body.decode()
                # A third is put off once.
                if body.startswith("python simple ") and int(body.split(" ")[-1]) % 3 == 1 and body not in postponed:
                    postponed.add(body)
                    consumer.change_invisible_duration(message, 3)
                    continue
                consumer.ack(message)
                if body.startswith("python simple "):
                    outcome.receive(body)


SCENARIOS = {
    "push": push,
    "sql-filter": sql_filter,
    "fifo": fifo,
    "delay": delay,
    "transaction": transaction,
    "simple": simple,
    "retry": retry,
}

ENDPOINT = sys.argv[1]
for name in sys.argv[2:]:
    outcome = Outcome()
    start = time.monotonic()
    try:
        SCENARIOS[name](outcome)
    except Exception as error:
        outcome.check(False, repr(error))
    print(json.dumps(outcome.row(name, round((time.monotonic() - start) * 1000))), flush=True)
# Threads of the client may still wait.
os._exit(0)
