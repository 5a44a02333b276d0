import type { dynamic } from '@pulumi/pulumi'

/**
 * What stands behind a resource of ours: ordinary code, loaded by the dynamic provider's process when it is needed. `I`
 * is what the program asks for, `O` what is kept in the state: everything of `I` and what was found or made.
 */
export interface Implementation<I, O extends I> {
  /** What is wrong with the inputs, before anything is touched. Unknown values of a preview are texts here. `olds`: what was asked for before. */
  problems?(news: I, olds: I | undefined): dynamic.CheckFailure[]
  /** The inputs as they count, when one depends on what was asked for before. Unknown values of a preview are texts here, too. */
  settle?(news: I, olds: I | undefined): I
  /** May look at the real thing: what was killed or changed by hand is a difference. */
  diff(olds: O, news: I): Promise<dynamic.DiffResult>
  /** Also takes over what an interrupted run left behind. */
  create(news: I): Promise<{ readonly id: string; readonly outs: O }>
  /** The real state; undefined when the thing is gone. */
  read(id: string, known: O): Promise<O | undefined>
  update(olds: O, news: I): Promise<O>
  delete(known: O): Promise<void>
}
