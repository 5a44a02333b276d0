package gantry.compat.spring;

/** A payload that the starter turns into JSON and back. */
public class Order {
  public String id;
  public int amount;

  public Order() {}

  Order(String id, int amount) {
    this.id = id;
    this.amount = amount;
  }
}
