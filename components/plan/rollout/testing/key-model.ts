import type { Plan } from '../../plan.ts'
import { keysGeneration } from '../../schema/security-config.ts'
import { secretWordsIn } from '../../security/security-keys.ts'
import type { RolloutStep } from '../rollout.ts'

const usedBy = (plan: Plan): Set<number> =>
  new Set(plan.nodes.flatMap(({ confFile }) => secretWordsIn(confFile.text).map(({ generation }) => generation)))

/** Users of a running cluster reduced to whether everybody who signs is known. Told of steps by whoever does them. */
export class KeyModel {
  /** Generations whose users brokers know. */
  readonly known: Set<number>
  /** Whose keys the tool signs with. */
  signsWith: number
  readonly problems: string[] = []

  constructor(running: Plan) {
    this.known = usedBy(running)
    this.signsWith = keysGeneration(running.security) ?? 0
  }

  /** @param after the plan by which the cluster runs when the step is done */
  took({ id, action }: RolloutStep, after: Plan): void {
    const check = (isTrue: boolean, problem: string): void => void (isTrue || this.problems.push(`${id}: ${problem}`))
    check(this.known.has(this.signsWith), 'the tool signs as somebody unknown')
    if (action.kind === 'makeKeys') this.known.add(action.generation)
    if (action.kind === 'adoptKeys') {
      check(this.known.has(action.generation), 'nobody knows these keys')
      this.signsWith = action.generation
    }
    if (action.kind === 'dropKeys') {
      check(action.generation !== this.signsWith, 'the tool signs with them')
      this.known.delete(action.generation)
    }
    for (const used of usedBy(after)) check(this.known.has(used), `a node signs with generation ${used}`)
  }
}
