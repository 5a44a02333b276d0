import type { Plan } from '../../plan.ts'
import type { BrokerNode, PlanNode } from '../../plan-node.ts'
import { advancePlan, groupsOf } from '../advance-plan.ts'
import { controllersOf } from '../controller-members.ts'
import { brokersOf, isElected } from '../group-change.ts'
import { arrivalOf, placeOf, vacatedBy } from '../known-to-clients.ts'
import { settingsOf } from '../node-settings.ts'
import { formerId, type Observed, type RolloutAction, type RolloutStep } from '../rollout.ts'
import { type Unfinished, unfinished } from '../unfinished.ts'

/** Where the messages of a broker are. */
const folderOf = ({ group, address, dataDir }: BrokerNode): string => `${group} ${address} ${dataDir}`

const registrationOf = ({ group, advertisedAddress, port }: BrokerNode): string =>
  `${group} ${advertisedAddress}:${port}`

const folderPlaceOf = (node: PlanNode): string => `${placeOf(node)} ${node.dataDir}`

/** A running cluster reduced to what a rollout must not break. Each step is checked before and after it is done. */
export class ClusterModel {
  plan: Plan
  readonly problems: string[] = []
  readonly masters = new Map<string, string>()
  /** Controllers that are members, by id, with the address of each. */
  readonly members = new Map<string, string>()
  readonly paused = new Set<string>()
  readonly drained = new Set<string>()
  readonly seeded: Set<string>
  /** Folders of brokers that run and have all messages of their group. */
  readonly #whole: Set<string>
  /** Groups that clients may not know as they are, and groups whose brokers were at a place before. */
  readonly #unknown = new Set<string>()
  readonly #vacated = new Map<string, string>()
  /** Replicas that the controllers reckon with. */
  readonly #registered: Set<string>
  readonly #wanted: Plan
  /** Nodes that differ. Undefined when an earlier rollout was left half-way: then much has to be put in order again. */
  #touchable: Set<string> | undefined
  #done: readonly RolloutStep[] = []
  #rest: readonly RolloutStep[] = []
  /** What was open before them. */
  #earlier: Partial<Unfinished> = {}

  constructor(running: Plan, wanted: Plan) {
    this.plan = running
    this.#wanted = wanted
    this.seeded = groupsOf(running)
    this.#whole = new Set(brokersOf(running).map(folderOf))
    this.#registered = new Set(brokersOf(running).filter(isElected).map(registrationOf))
    this.#touchable = changedNodes(running, wanted)
    for (const { id, address } of controllersOf(running).values()) this.members.set(id, address)
    for (const node of brokersOf(running)) {
      if (isElected(node) ? !this.masters.has(node.group) : node.brokerId === 0) this.masters.set(node.group, node.id)
    }
  }

  observed(): Observed {
    return {
      nodes: new Map(this.plan.nodes.map(({ id }) => [id, { alive: true }])),
      masters: new Map(this.masters),
      inSync: new Map(),
      writable: new Map([...groupsOf(this.plan)].map((group) => [group, !this.paused.has(group)])),
      ...this.#unfinished,
      changedRoutes: [...this.#unknown],
      vacated: Object.fromEntries(this.#vacated),
    }
  }

  get #unfinished(): Unfinished {
    return unfinished(this.plan, this.#wanted, { done: this.#done, rest: this.#rest }, this.#earlier)
  }

  /** The same cluster, with something else wanted. */
  turnedTo(wanted: Plan): ClusterModel {
    const model = new ClusterModel(this.plan, wanted)
    model.#touchable = undefined
    model.#earlier = this.#unfinished
    model.masters.clear()
    model.members.clear()
    model.seeded.clear()
    model.#whole.clear()
    model.#registered.clear()
    for (const replica of this.#registered) model.#registered.add(replica)
    for (const group of this.#unknown) model.#unknown.add(group)
    for (const [place, group] of this.#vacated) model.#vacated.set(place, group)
    for (const folder of this.#whole) model.#whole.add(folder)
    for (const [group, id] of this.masters) model.masters.set(group, id)
    for (const [id, address] of this.members) model.members.set(id, address)
    for (const group of this.paused) model.paused.add(group)
    for (const group of this.seeded) model.seeded.add(group)
    for (const id of this.#founders) model.#founders.add(id)
    return model
  }

  /** Does the first `count` of some steps. */
  run(steps: readonly RolloutStep[], count = steps.length): void {
    this.#earlier = this.#unfinished
    this.#done = []
    this.#rest = steps
    for (const [index, step] of steps.slice(0, count).entries()) {
      this.#before(step)
      this.#checkClients(step)
      this.#moveMessages(step)
      this.#act(step)
      this.plan = advancePlan(this.plan, this.#wanted, step)
      this.#checkWaits(step)
      this.#done = steps.slice(0, index + 1)
      this.#rest = steps.slice(index + 1)
      this.#after(step)
    }
  }

  /** Replicas that run no more and that the controllers still reckon with. */
  get unforgotten(): string[] {
    const there = new Set(brokersOf(this.plan).map(registrationOf))
    return [...this.#registered].filter((replica) => !there.has(replica))
  }

  #fault(step: RolloutStep, text: string): void {
    this.problems.push(`${step.id}: ${text}`)
  }

  #before(step: RolloutStep): void {
    const { action } = step
    if (action.kind === 'drainGroup' && !this.#hasMaster(action.group)) this.#fault(step, 'nobody to consume from')
    if (action.kind === 'handOver') {
      const gone = action.preferred.filter((id) => !this.plan.nodes.some((node) => node.id === id))
      if (gone.length > 0) this.#fault(step, `${gone.join()} is not there to be handed over to`)
    }
    if (action.kind !== 'restartNode' && action.kind !== 'stopNode') return
    const node = action.kind === 'restartNode' ? action.from : action.node
    if (!this.plan.nodes.some((one) => one.id === node.id && folderPlaceOf(one) === folderPlaceOf(node))) {
      this.#fault(step, `${node.id} does not run there`)
    }
    if (node.kind === 'broker') this.#beforeBroker(step, node)
    if (this.members.size > 2 && this.#aliveMembers(node).length * 2 <= this.members.size)
      this.#fault(step, 'no quorum')
  }

  #beforeBroker(step: RolloutStep, node: BrokerNode): void {
    const { group } = node
    if (!groupsOf(this.#wanted).has(group)) {
      // Of a group without a master nobody could consume: it gets one first.
      const isRevived = node.role === 'SLAVE' && step.action.kind === 'restartNode' && !this.#hasMaster(group)
      if (!this.drained.has(group) && !isRevived) this.#fault(step, `${group} is not drained`)
      return
    }
    const others = brokersOf(this.plan).filter((other) => other.group === group && other.id !== node.id)
    const isMaster = this.masters.get(group) === node.id
    if (isMaster && !this.paused.has(group) && (others.length === 0 || !isElected(node))) {
      this.#fault(step, `${node.id} takes writes`)
    }
    if (isMaster && isElected(node) && others.length > 0) this.#fault(step, `${node.id} is still master`)
    if (step.action.kind === 'stopNode' && others.length === 0) this.#fault(step, `${group} would lose everything`)
  }

  /** What clients with routes of before would meet. */
  #checkClients(step: RolloutStep): void {
    const { action, waits } = step
    const [left, arrived] = [vacatedBy(action), arrivalOf(action)]
    if (action.kind === 'pauseWrites' || action.kind === 'drainGroup') {
      const others = [...groupsOf(this.plan)].filter((group) => group !== action.group)
      const isNone = others.length > 0 && others.every((group) => this.#unknown.has(group))
      if (isNone) this.#fault(step, 'clients may know no other group')
    }
    if (action.kind === 'resumeWrites') this.#unknown.add(action.group)
    if (arrived !== undefined) {
      const former = this.#vacated.get(placeOf(arrived))
      if (former !== undefined && former !== arrived.group) this.#fault(step, `clients may look for ${former} there`)
      this.#vacated.delete(placeOf(arrived))
      if (!groupsOf(this.plan).has(arrived.group)) this.#unknown.add(arrived.group)
    }
    if (left !== undefined) this.#vacated.set(placeOf(left), left.group)
    if (!waits.some(({ kind }) => kind === 'otherGroupKnown' || kind === 'routesRenewed')) return
    // Only those after a step of its own, which nothing comes between.
    if (action.kind !== 'awaitClients') return
    this.#unknown.clear()
    this.#vacated.clear()
  }

  #hasMaster(group: string): boolean {
    const brokers = brokersOf(this.plan).filter((node) => node.group === group)
    return brokers.some((node) => isElected(node) || node.brokerId === 0)
  }

  /** A fixed master has what its folder holds; every other one gets everything from those that have it. */
  #moveMessages(step: RolloutStep): void {
    const { action } = step
    if (action.kind !== 'startNode' && action.kind !== 'restartNode' && action.kind !== 'stopNode') return
    const { node } = action
    if (node.kind !== 'broker') return
    const from = action.kind === 'restartNode' ? action.from : action.kind === 'stopNode' ? node : undefined
    const before = brokersOf(this.plan).filter(({ group }) => group === node.group)
    const isKept = from?.kind === 'broker' && this.#whole.has(folderOf(from)) && folderOf(from) === folderOf(node)
    if (from?.kind === 'broker') this.#whole.delete(folderOf(from))
    if (action.kind === 'stopNode') return
    const isFilled = node.brokerId !== 0 && before.some((other) => this.#whole.has(folderOf(other)))
    if (node.role === 'SLAVE' && !before.some(({ brokerId }) => brokerId === 0)) {
      this.#fault(step, `${node.id} has no master to get anything from`)
    }
    if (isKept || isFilled || before.length === 0) this.#whole.add(folderOf(node))
    else this.#fault(step, `${node.id} lacks the messages of ${node.group}`)
  }

  #aliveMembers(without?: PlanNode): string[] {
    const alive = controllersOf({ nodes: this.plan.nodes.filter(({ id }) => id !== without?.id) })
    return [...this.members]
      .filter(([id, address]) => [...alive.values()].some((one) => one.id === id && one.address === address))
      .map(([id]) => id)
  }

  #act({ action }: RolloutStep): void {
    switch (action.kind) {
      case 'startNode':
        this.#started(action.node)
        this.#register(action.node)
        break
      case 'restartNode':
        if (action.from.kind === 'broker') this.#registered.delete(registrationOf(action.from))
        this.#restarted(action)
        this.#register(action.node)
        break
      case 'forgetReplica':
        if (action.node.kind === 'broker') this.#registered.delete(registrationOf(action.node))
        break
      case 'handOver':
        if (this.masters.get(action.group) === action.avoid && action.preferred[0] !== undefined) {
          this.masters.set(action.group, action.preferred[0])
        }
        break
      case 'pauseWrites':
        this.paused.add(action.group)
        break
      case 'resumeWrites':
        this.paused.delete(action.group)
        break
      case 'drainGroup':
        this.drained.add(action.group)
        break
      case 'seedGroup':
        this.seeded.add(action.group)
        break
      case 'addController':
        this.members.set(action.controllerId, controllersOf({ nodes: [action.node] }).get(action.controllerId)!.address)
        break
      case 'removeController':
        this.#left(action.node, action.controllerId)
        break
      default:
    }
  }

  #register(node: PlanNode): void {
    if (node.kind === 'broker' && isElected(node)) this.#registered.add(registrationOf(node))
  }

  #left(node: PlanNode, id: string): void {
    if (controllersOf({ nodes: [node] }).get(id)?.address === this.members.get(id)) this.members.delete(id)
  }

  #started(node: PlanNode): void {
    if (node.kind !== 'broker') {
      this.#founded(node)
      return
    }
    if (this.masters.get(node.group) === node.id) this.masters.set(node.group, formerId(node.id))
    if (!this.masters.has(node.group)) this.masters.set(node.group, node.id)
  }

  #restarted({ node, from }: Extract<RolloutAction, { kind: 'restartNode' }>): void {
    if (node.kind !== 'broker') {
      this.#founded(node)
      return
    }
    if (node.brokerId === 0 || this.masters.get(node.group) === from.id) this.masters.set(node.group, node.id)
  }

  /** The first controllers of a cluster are members from the beginning. */
  #founded(node: PlanNode): void {
    if (this.members.size > 0 && ![...this.members.keys()].every((id) => this.#founders.has(id))) return
    if (controllersOf(this.plan).size > 0 && this.#founders.size === 0) return
    for (const { id, address } of controllersOf({ nodes: [node] }).values()) {
      this.members.set(id, address)
      this.#founders.add(id)
    }
  }
  readonly #founders = new Set<string>()

  /** While clients come to know the new route the new master fails: the one that is about to leave is elected again. */
  #failOverDuringWaits({ action, waits }: RolloutStep): void {
    if (action.kind !== 'handOver' || action.isLeaving !== true) return
    if (waits.some(({ kind }) => kind === 'routesRenewed')) this.masters.set(action.group, action.avoid)
  }

  #after(step: RolloutStep): void {
    const { nodes } = this.plan
    this.#failOverDuringWaits(step)
    const places = nodes.flatMap((node) => node.ports.map(({ port }) => `${node.address}:${port}`))
    if (new Set(places).size < places.length) this.#fault(step, 'two nodes have a port')
    if (new Set(nodes.map(({ id }) => id)).size < nodes.length) this.#fault(step, 'two nodes have an id')
    this.#checkTouched(step)
    this.#checkRegistries(step)
    for (const group of groupsOf(this.#wanted)) this.#checkGroup(step, group)
  }

  #checkWaits(step: RolloutStep): void {
    for (const wait of step.waits) {
      if (!('nodeId' in wait) || this.plan.nodes.some(({ id }) => id === wait.nodeId)) continue
      this.#fault(step, `waits until ${wait.nodeId} is ${wait.kind}, which is not there`)
    }
  }

  #checkTouched(step: RolloutStep): void {
    const { action } = step
    const touches = ['startNode', 'restartNode', 'stopNode', 'changeLive']
    if (!touches.includes(action.kind) || !('node' in action)) return
    if (this.#touchable?.has(action.node.id.replace('~old', '')) === false) this.#fault(step, 'was to be left alone')
    if (action.kind !== 'startNode' && action.kind !== 'restartNode') return
    const { node } = action
    const kinds = new Set<string>(step.waits.map(({ kind }) => kind))
    const needed = ['healthy']
    if (node.kind === 'broker') {
      needed.push('registered')
      if (isElected(node)) needed.push('inSyncStateSet')
      else if (node.role === 'SLAVE') needed.push('caughtUp')
    }
    const missing = needed.filter((kind) => !kinds.has(kind))
    if (missing.length > 0) this.#fault(step, `goes on before ${node.id} is ${missing.join(', ')}`)
  }

  #checkRegistries(step: RolloutStep): void {
    const { nodes } = this.plan
    const running = new Set(
      nodes.flatMap((node) => (node.kind === 'nameServer' ? [`${node.address}:${node.port}`] : [])),
    )
    if (running.size === 0) this.#fault(step, 'no NameServer')
    if (this.members.size > 0 && this.#aliveMembers().length * 2 <= this.members.size) this.#fault(step, 'no quorum')
    const founder = [...this.#founders].map((id) => controllersOf(this.plan).get(id)?.node).find((node) => node)
    const founders = founder === undefined ? [] : (settingsOf(founder).get('controllerDLegerPeers') ?? '').split(';')
    if (brokersOf(this.plan).some(isElected) && this.#aliveMembers().length * 2 <= founders.length) {
      this.#fault(step, 'the first controllers have no majority')
    }
    const alive = new Set(this.#aliveMembers().map((id) => this.members.get(id)!))
    for (const broker of brokersOf(this.plan)) {
      const settings = settingsOf(broker)
      const knows = (key: string, there: ReadonlySet<string>) =>
        (settings.get(key) ?? '').split(';').some((address) => there.has(address))
      if (!knows('namesrvAddr', running)) this.#fault(step, `${broker.id} knows no NameServer`)
      if (isElected(broker) && !knows('controllerAddr', alive)) this.#fault(step, `${broker.id} knows no controller`)
    }
  }

  #checkGroup(step: RolloutStep, group: string): void {
    const brokers = brokersOf(this.plan).filter((node) => node.group === group)
    const masters = brokers.filter(({ brokerId }) => brokerId === 0)
    if (masters.length > 1) this.#fault(step, `${group} has two masters`)
    const ids = brokers.flatMap(({ brokerId }) => brokerId ?? [])
    if (new Set(ids).size < ids.length) this.#fault(step, `${group} has a brokerId twice`)
    const isOpen = this.#rest.some(({ action }) => action.kind === 'seedGroup' && action.group === group)
    if (brokers.length > 0 && !this.seeded.has(group) && !isOpen) this.#fault(step, `${group} is not seeded`)
  }
}

/** Ids of nodes that differ, by themselves or by what they run with. */
function changedNodes(running: Plan, wanted: Plan): Set<string> {
  const textOf = ({ dependsOn: _, ...node }: PlanNode) => JSON.stringify(node)
  const before = new Map(running.nodes.map((node) => [node.id, textOf(node)]))
  const after = new Map(wanted.nodes.map((node) => [node.id, textOf(node)]))
  const ids = [...new Set([...before.keys(), ...after.keys()])].map((id) => id.replace('~old', ''))
  return new Set(ids.filter((id) => before.get(id) !== after.get(id) || before.has(formerId(id))))
}
