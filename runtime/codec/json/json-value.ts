/**
 * What a parsed body or file holds. Objects have no prototype, so a topic named "constructor" is a key like any other.
 * A whole number that does not fit a safe integer is the string of its digits (see parse-json.ts).
 */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

export interface JsonObject {
  [key: string]: JsonValue
}

/**
 * What the writers take:
 *
 * - a plain object is a Java bean: its fields are written in the order of their names, those that are null or undefined not at all;
 * - a Map is a Java map: its entries in their order, keys that are numbers without quotes (fastjson dialect) or with
 *   them (standard), keys that are objects as JSON objects, as fastjson writes Map<MessageQueue, ...>; a null value not at all;
 * - an array or a Set is a list; null is written there; an Int32Array is a Java int[];
 * - a number that is whole is a Java long, any other a double; a double that may be whole goes as {@link JavaDouble};
 * - a bigint is a Java long beyond what a number holds.
 */
export type JsonInput = null | undefined | boolean | number | bigint | string | object

/** A Java double or float: written with a point even when whole ("0.0"), as Java and its readers have it. */
export class JavaDouble {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}
