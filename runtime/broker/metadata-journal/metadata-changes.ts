import { RequestCode } from '../../codec/remoting/request-code.ts'

/** Requests that change topics or groups: in controller mode the master writes them down, see {@link MetadataJournal}. */
export const METADATA_CHANGES: ReadonlySet<number> = new Set([
  RequestCode.UPDATE_AND_CREATE_TOPIC,
  RequestCode.UPDATE_AND_CREATE_TOPIC_LIST,
  RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC,
  RequestCode.DELETE_TOPIC_IN_BROKER,
  RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
  RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST,
  RequestCode.DELETE_SUBSCRIPTIONGROUP,
  RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN,
])
