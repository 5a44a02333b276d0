/** A store that cannot be used as it is. The message says which, why, and what to do. */
export class RaftStoreError extends Error {
  override readonly name = 'RaftStoreError'
}
