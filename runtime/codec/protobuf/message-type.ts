import { ProtobufError, ProtoReader, Wire } from './proto-reader.ts'
import { ProtoWriter } from './proto-writer.ts'

/*
 * Messages of protocol buffers (proto3) as tables: a field is written down once, with its number, and the types of what is
 * read and of what may be written follow from it. Whole numbers are JavaScript numbers; beyond 2^53 they are refused.
 *
 * What a field is when it is not there: scalars are 0, '', false or empty, as proto3 has it; `optional` fields and
 * messages are undefined. A oneof is a set of optional fields of which one is written.
 */

/** How a value stands on the wire. */
interface ValueType<V, D = V> {
  readonly wire: number
  /** What stands for absence, in a field without presence. */
  readonly zero: V
  read(reader: ProtoReader): V
  write(writer: ProtoWriter, value: D): void
}

/** `V`: what is read; `D`: what may be written. */
export interface Field<V, D = V> {
  readonly number: number
  /** What the field is when it is absent. */
  readonly absent: V
  readonly tag: number
  /** Another wire type that it may have. */
  readonly otherWire?: number
  /** Reads one occurrence; `before` is what the field was. */
  read(reader: ProtoReader, before: V, wire: number): V
  write(writer: ProtoWriter, value: D): void
}

// biome-ignore lint/suspicious/noExplicitAny: any field will do, and the types of each are inferred from it
type Fields = Readonly<Record<string, Field<any, any>>>

type Read<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer V, infer _> ? V : never }
type Written<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Field<infer _, infer D> ? D | undefined : never
}

export interface MessageType<R = unknown, W = unknown> {
  /** Reads a message that takes a whole piece of a buffer. @throws ProtobufError */
  decode(bytes: Buffer, start?: number, end?: number): R
  /** Lays a message out in a buffer that is valid until the next message of any type is written. */
  layOut(message: W): ProtoWriter
  encode(message: W): Buffer
  readonly value: ValueType<R | undefined, W>
}

/** What a message of a type is when it has been read. */
export type Message<T> = T extends MessageType<infer R, infer _> ? R : never
/** What may be written as a message of a type: fields may be left out. */
export type Draft<T> = T extends MessageType<infer _, infer W> ? W : never

const reader = new ProtoReader()
const writer = new ProtoWriter()

const TEXT: ValueType<string> = {
  wire: Wire.lengthDelimited,
  zero: '',
  read: (from) => from.text(),
  write: (to, value) => to.text(value),
}
const BYTES: ValueType<Buffer, Uint8Array> = {
  wire: Wire.lengthDelimited,
  zero: Buffer.alloc(0),
  read: (from) => from.byteString(),
  write: (to, value) => to.byteString(value),
}
const INT32: ValueType<number> = {
  wire: Wire.varint,
  zero: 0,
  read: (from) => from.varint32() | 0,
  write: (to, value) => to.integer(value),
}
const INT64: ValueType<number> = {
  wire: Wire.varint,
  zero: 0,
  read: (from) => from.int64(),
  write: (to, value) => to.integer(value),
}
const FLAG: ValueType<boolean> = {
  wire: Wire.varint,
  zero: false,
  read: (from) => from.int64() !== 0,
  write: (to, value) => to.varint(value ? 1 : 0),
}
const FLOAT: ValueType<number> = {
  wire: Wire.fixed32,
  zero: 0,
  read: (from) => from.float(),
  write: (to, value) => to.float(value),
}

export const text = (number: number) => implicit(number, TEXT)
export const bytes = (number: number): Field<Buffer, Uint8Array> => ({
  ...present(number, BYTES, BYTES.zero),
  write: (to, value) => {
    if (value.length > 0) tagged(to, number, BYTES, value)
  },
})
export const int32 = (number: number) => implicit(number, INT32)
export const int64 = (number: number) => implicit(number, INT64)
/** An enum: its number, whether it is known here or not. */
export const enumeration = (number: number) => implicit(number, INT32)
export const flag = (number: number) => implicit(number, FLAG)
export const float = (number: number) => implicit(number, FLOAT)

export const optionalText = (number: number) => present<string | undefined, string>(number, TEXT, undefined)
export const optionalInt32 = (number: number) => present<number | undefined, number>(number, INT32, undefined)
export const optionalInt64 = (number: number) => present<number | undefined, number>(number, INT64, undefined)
export const optionalFlag = (number: number) => present<boolean | undefined, boolean>(number, FLAG, undefined)

/** Another message in a field of its own. */
export function sub<R, W>(number: number, type: MessageType<R, W>): Field<R | undefined, W> {
  return present<R | undefined, W>(number, type.value, undefined)
}

export function manyTexts(number: number): Field<readonly string[]> {
  return many<string, string>(number, TEXT)
}

/** Numbers of enums, packed as proto3 writes them; read both ways. */
export function manyEnumerations(number: number): Field<readonly number[]> {
  const one = many<number, number>(number, INT32)
  return {
    ...one,
    tag: tagOf(number, Wire.lengthDelimited),
    otherWire: Wire.varint,
    read: (from, before, wire) => {
      if (wire === Wire.varint) return [...before, INT32.read(from)]
      const end = from.delimitedEnd()
      const found = [...before]
      while (from.at < end) found.push(INT32.read(from))
      return found
    },
    write: (to, values) => {
      if (values.length === 0) return
      to.varint(tagOf(number, Wire.lengthDelimited))
      const begun = to.beginDelimited()
      for (const value of values) to.integer(value)
      to.endDelimited(begun)
    },
  }
}

export function manySubs<R, W>(number: number, type: MessageType<R, W>): Field<readonly R[], readonly W[]> {
  return many<R, W>(number, type.value as ValueType<R, W>)
}

/** map<string, string>: on the wire a repeated message of key 1 and value 2. */
export function texts(number: number): Field<ReadonlyMap<string, string>> {
  const tag = tagOf(number, Wire.lengthDelimited)
  return {
    number,
    tag,
    absent: NO_ENTRIES,
    read: (from, before) => {
      const map = before === NO_ENTRIES ? new Map<string, string>() : (before as Map<string, string>)
      const end = from.delimitedEnd()
      let [key, value] = ['', '']
      while (from.at < end) {
        const entryTag = from.varint32()
        if (entryTag === KEY_TAG) key = from.text()
        else if (entryTag === VALUE_TAG) value = from.text()
        else from.skip(entryTag & 7)
      }
      map.set(key, value)
      return map
    },
    write: (to, map) => {
      for (const [key, value] of map) {
        to.varint(tag)
        const begun = to.beginDelimited()
        to.varint(KEY_TAG)
        to.text(key)
        to.varint(VALUE_TAG)
        to.text(value)
        to.endDelimited(begun)
      }
    },
  }
}

/** A message by the names and fields it has. */
export function message<F extends Fields>(fields: F): MessageType<Read<F>, Written<F>> {
  const names = Object.keys(fields)
  const list = names.map((name) => fields[name]!)
  const absent = Object.fromEntries(names.map((name) => [name, fields[name]!.absent])) as Record<string, unknown>
  const indexOf: number[] = []
  list.forEach((field, index) => {
    if (indexOf[field.number] !== undefined) throw new Error(`field number ${field.number} is there twice`)
    indexOf[field.number] = index
  })
  const read = (from: ProtoReader, end: number): Read<F> => {
    const found = { ...absent }
    while (from.at < end) {
      const tag = from.varint32()
      const index = indexOf[tag >>> 3]
      if (index === undefined) from.skip(tag & 7)
      else {
        const name = names[index]!
        const field = list[index]!
        const wire = tag & 7
        if (tag !== field.tag && wire !== field.otherWire) {
          throw new ProtobufError(`byte ${from.at}: field ${name} with wire type ${wire}`)
        }
        found[name] = field.read(from, found[name], wire)
      }
    }
    if (from.at > end) throw new ProtobufError(`byte ${from.at}: a field goes beyond its message, which ends at ${end}`)
    return found as Read<F>
  }
  const write = (to: ProtoWriter, value: Written<F>): void => {
    for (let i = 0; i < names.length; i++) {
      const given = value[names[i]!]
      if (given !== undefined) list[i]!.write(to, given)
    }
  }
  const layOut = (value: Written<F>): ProtoWriter => {
    writer.clear()
    write(writer, value)
    return writer
  }
  return {
    decode: (bytes, start = 0, end = bytes.length) => {
      reader.set(bytes, start, end)
      return read(reader, end)
    },
    layOut,
    encode: (value) => layOut(value).taken(),
    value: {
      wire: Wire.lengthDelimited,
      zero: undefined,
      read: (from) => read(from, from.delimitedEnd()),
      write: (to, value) => {
        const begun = to.beginDelimited()
        write(to, value)
        to.endDelimited(begun)
      },
    },
  }
}

const NO_ENTRIES: ReadonlyMap<string, string> = new Map()
const KEY_TAG = tagOf(1, Wire.lengthDelimited)
const VALUE_TAG = tagOf(2, Wire.lengthDelimited)

function tagOf(number: number, wire: number): number {
  return (number << 3) | wire
}

function tagged<V, D>(to: ProtoWriter, number: number, type: ValueType<V, D>, value: D): void {
  to.varint(tagOf(number, type.wire))
  type.write(to, value)
}

/** A field whose absence can be told from its zero value. */
function present<V, D>(number: number, type: ValueType<V, D>, absent: V): Field<V, D> {
  return {
    number,
    absent,
    tag: tagOf(number, type.wire),
    read: (from) => type.read(from),
    write: (to, value) => tagged(to, number, type, value),
  }
}

/** A field that is not written when it is zero. */
function implicit<V>(number: number, type: ValueType<V>): Field<V> {
  return {
    ...present(number, type, type.zero),
    write: (to, value) => {
      if (value !== type.zero) tagged(to, number, type, value)
    },
  }
}

function many<V, D>(number: number, type: ValueType<V, D>): Field<readonly V[], readonly D[]> {
  const none: readonly V[] = []
  return {
    number,
    absent: none,
    tag: tagOf(number, type.wire),
    read: (from, before) => {
      const list = before === none ? [] : (before as V[])
      list.push(type.read(from))
      return list
    },
    write: (to, values) => {
      for (const value of values) tagged(to, number, type, value)
    },
  }
}
