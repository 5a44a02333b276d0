import type { PlannedConsumerGroup, PlannedTopic } from '../plan.ts'
import type { BrokerNode, PlanNode } from '../plan-node.ts'

/*
 * A change of a running cluster as plain data: what is done, in which order, what has to hold before the next step, and
 * what clients see of it. The planner makes it; executors (the supervisor of local processes, gates of Pulumi resources)
 * carry it out.
 */

/** One thing done to the cluster. Every one of them may be done again: what is so already is left as it is. */
export type RolloutAction =
  /** A node that did not exist. */
  | { readonly kind: 'startNode'; readonly node: PlanNode }
  /** Stop, write the conf file, start: in the same place and with the same data, by another engine perhaps. */
  | { readonly kind: 'restartNode'; readonly node: PlanNode; readonly from: PlanNode }
  | { readonly kind: 'stopNode'; readonly node: PlanNode; readonly keepData: boolean }
  /** The engine takes the settings without a restart; the conf file is written, too. `node` has it as it is to be. */
  | { readonly kind: 'changeLive'; readonly node: PlanNode; readonly settings: Readonly<Record<string, string>> }
  /** Makes another replica master, the first of `preferred` that can be. Nothing when `avoid` (a node's id) is not it. */
  | {
      readonly kind: 'handOver'
      readonly group: string
      readonly avoid: string
      readonly preferred: readonly string[]
      /** It does not come back: there has to be another one that has everything. */
      readonly isLeaving?: boolean
    }
  /** A fixed master refuses writes from here on, and routes say so. */
  | { readonly kind: 'pauseWrites'; readonly group: string; readonly node: PlanNode }
  | { readonly kind: 'resumeWrites'; readonly group: string; readonly node: PlanNode }
  /** Takes away the write permission for good, then waits until every consumer group has consumed what is there. */
  | { readonly kind: 'drainGroup'; readonly group: string; readonly deadlineMs: number }
  /** Creates the consumer groups, then the topics, of the cluster and of the config in a new group. */
  | {
      readonly kind: 'seedGroup'
      readonly group: string /** Groups that have them. */
      readonly from?: readonly string[]
    }
  | { readonly kind: 'addController'; readonly node: PlanNode; readonly controllerId: string }
  /** By its id, wherever it is: one that has joined elsewhere under the same id joins again afterwards. */
  | { readonly kind: 'removeController'; readonly node: PlanNode; readonly controllerId: string }
  /**
   * The controllers forget a replica that is gone for good. `wholeGroup`: with all others of its group, none of which is left; one
   * by one they could not, for the last that is in sync is not forgotten before the rest.
   */
  | { readonly kind: 'forgetReplica'; readonly group: string; readonly node: PlanNode; readonly wholeGroup: boolean }
  /** Nothing but the waits of its step. */
  | { readonly kind: 'awaitClients' }
  /** Creates what the config newly declares. */
  | {
      readonly kind: 'provision'
      readonly topics: readonly PlannedTopic[]
      readonly consumerGroups: readonly PlannedConsumerGroup[]
    }
  /** Brokers get users with the keys of a generation: the administrator and the servers. */
  | { readonly kind: 'makeKeys'; readonly generation: number; readonly nodes: readonly BrokerNode[] }
  /** Whoever changes the cluster signs with them from now on: all brokers take them. */
  | { readonly kind: 'adoptKeys'; readonly generation: number; readonly nodes: readonly BrokerNode[] }
  /** Brokers lose the users of another generation, and who made them forgets their keys. */
  | { readonly kind: 'dropKeys'; readonly generation: number; readonly nodes: readonly BrokerNode[] }

/** What has to hold before the next step begins. Node ids are those of {@link rolloutNodes}. */
export type RolloutWait =
  | { readonly kind: 'healthy'; readonly nodeId: string }
  | { readonly kind: 'inSyncStateSet'; readonly nodeId: string; readonly group: string }
  /**
   * A slave of a fixed master has all that its master had when first asked. `isHeir`: it does without it from then on, so that
   * consumers go on by the offsets that this one has.
   */
  | { readonly kind: 'caughtUp'; readonly nodeId: string; readonly group: string; readonly isHeir?: true }
  /** Every controller that is a member answers, and names the same leader. */
  | { readonly kind: 'controllersAgree' }
  /**
   * Clients with a route from before have asked for it again: official ones do every 30 s, whatever brokers answer them.
   * `ifHandedOver`: nothing to wait for when the role of master has not changed hands.
   * `sinceMs`: when it did (ms since 1970), where that is known.
   */
  | { readonly kind: 'routesRenewed'; readonly group: string; readonly ifHandedOver?: true; readonly sinceMs?: number }
  /** Clients know another group that takes writes, one of `others` at least. `sinceMs`: since when there is one, where known. */
  | {
      readonly kind: 'otherGroupKnown'
      readonly group: string
      readonly others: readonly string[]
      readonly sinceMs?: number
    }
  /** The broker is registered with every NameServer that its own settings name and that runs. */
  | { readonly kind: 'registered'; readonly nodeId: string }

/** What clients see of a step while it is done. */
export type ClientEffect =
  | { readonly kind: 'none' }
  /**
   * Sends to the group wait for as long as the role changes hands. `lasts`: `seconds` where a replica of Apache's becomes master,
   * `untilRoutes` where one of Apache's was it, too, which passes nothing on to the next one. Left out: below a second.
   */
  | { readonly kind: 'handOver'; readonly group: string; readonly lasts?: 'seconds' | 'untilRoutes' }
  /** Producers use the other groups meanwhile. */
  | { readonly kind: 'writesPaused'; readonly group: string; readonly aboutMs: number }
  /** The master is away: consumers read from its slaves. */
  | { readonly kind: 'readsFromSlaves'; readonly group: string }
  | { readonly kind: 'groupUnavailable'; readonly group: string; readonly aboutMs: number }

/** What became of an action. */
export interface ActionOutcome {
  /** What a user should know of it. */
  readonly words?: string
  /** The role of master has changed hands just now. */
  readonly isHandedOver?: boolean
}

export interface RolloutStep {
  /** `restart:broker-a-1`: the same for the same change, whenever it is planned. */
  readonly id: string
  readonly action: RolloutAction
  readonly waits: readonly RolloutWait[]
  readonly effect: ClientEffect
  /** Why, in words. */
  readonly reason: string
}

/** A change that is not made. */
export interface RolloutRefusal {
  /** Where in the config: `groups[broker-a].replicas`. */
  readonly path: string
  readonly reason: string
  /** The name of the loss that has to be allowed for it to be made all the same; none when it cannot be. */
  readonly allow?: string
}

export interface Rollout {
  /** In order, one after the other. Empty when something is refused: then nothing is touched. */
  readonly steps: readonly RolloutStep[]
  readonly refusals: readonly RolloutRefusal[]
  /** What the user has to know or to do besides. */
  readonly notes: readonly string[]
}

/** What runs at the moment. Left out or undefined means: as the running plan says. */
export interface Observed {
  /** By id (see {@link rolloutNodes}); a node that is not there does not exist. `runs`: by which plan's settings. */
  readonly nodes: ReadonlyMap<string, { readonly alive: boolean; readonly runs?: 'running' | 'wanted' }>
  /** The node that is master now, by group. */
  readonly masters: ReadonlyMap<string, string>
  /** The nodes of the SyncStateSet, by group. */
  readonly inSync: ReadonlyMap<string, readonly string[]>
  /** Where the only replica of a group's SyncStateSet is, `host:port`, if that is none of the nodes; by group. */
  readonly aloneInSync?: ReadonlyMap<string, string>
  /** The node that leads the controllers. */
  readonly controllerLeader?: string
  /** Whether a group takes writes. */
  readonly writable: ReadonlyMap<string, boolean>
  /** Groups that run but were not seeded: an earlier rollout ended before that. */
  readonly unseeded?: readonly string[]
  /** Ids (`n1`) of controllers that run and are no members, for the same reason. */
  readonly notJoined?: readonly string[]
  /** Groups that clients may not know as they are, from the last half minute. */
  readonly changedRoutes?: readonly string[]
  /** Places `host:port` that brokers have left since, and the group of each. */
  readonly vacated?: Readonly<Record<string, string>>
  /** Replicas that were stopped for good and that the controllers still reckon with, for the same reason. */
  readonly unforgotten?: readonly BrokerNode[]
  /** Generations of keys that brokers may know users of, where an earlier rollout ended before there was one left. */
  readonly openKeys?: readonly number[]
}

/** The id of a node that goes away because another one of the same id takes its place elsewhere. */
export const formerId = (id: string): string => `${id}${formerSuffix}`

const formerSuffix = '~old'

/** The id that a node had before another one took its place. */
export const originalId = (id: string): string => (id.endsWith(formerSuffix) ? id.slice(0, -formerSuffix.length) : id)
