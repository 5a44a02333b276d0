/** What a message of this number says. Sizes vary, so that records fall on every place of a file. */
export function bodyOf(id: number): string {
  const sizeBytes = id % 41 === 0 ? 3000 + (id % 7) * 900 : 20 + ((id * 37) % 300)
  return `${id}:`.padEnd(sizeBytes, String(id % 10))
}

/** @returns the message's number @throws Error for what nobody has sent */
export function idOf(body: string, sentCount: number): number {
  const id = Number(body.slice(0, body.indexOf(':')))
  if (!Number.isInteger(id) || id < 0 || id >= sentCount) throw new Error(`"${body.slice(0, 30)}" was never sent`)
  if (body !== bodyOf(id)) throw new Error(`message ${id} is not what was sent: "${body.slice(0, 60)}"`)
  return id
}
