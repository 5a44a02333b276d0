import { consumerGroupImplementation } from '../consumer-group/consumer-group-implementation.ts'
import { dataFolderImplementation } from '../platform/process/provider/data-folder-implementation.ts'
import { processNodeImplementation } from '../platform/process/provider/process-node-implementation.ts'
import { topicImplementation } from '../topic/topic-implementation.ts'

/** By the name a resource's provider carries; see serialized-provider.ts. */
export const implementations = {
  dataFolder: dataFolderImplementation,
  processNode: processNodeImplementation,
  topic: topicImplementation,
  consumerGroup: consumerGroupImplementation,
}
