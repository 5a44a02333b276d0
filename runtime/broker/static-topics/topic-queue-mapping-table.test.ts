import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { silentLogger } from '../../observe/logger.ts'
import { readToldMappings, TopicQueueMappingTable } from './topic-queue-mapping-table.ts'

const PATH = '/store/config/topicQueueMapping.json'

function table(disk = new SimDisk({})): TopicQueueMappingTable {
  const common = { disk, clock: new ManualClock(1_700_000_000_000), logger: silentLogger }
  return new TopicQueueMappingTable({ ...common, path: PATH, brokerName: 'a' })
}

function detail(topic: string): TopicQueueMappingDetail {
  const rest = { startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 }
  const items = [{ ...rest, gen: 0, queueId: 3, bname: 'a', logicOffset: 0 }]
  const info = { topic, bname: 'a', scope: '__global__', totalQueues: 1, epoch: 7, dirty: false }
  return { ...info, currIdMap: new Map(), hostedQueues: new Map([[0, items]]) }
}

/** What a slave reads of its master. */
function told(master: TopicQueueMappingTable) {
  const body = encodeJson({
    mappingDataVersion: master.dataVersion.toJson(),
    topicQueueMappingDetailMap: master.detailMap(),
  })
  return readToldMappings(parseJsonBytes(body))
}

test('a slave has the table and the file of its master, and hears of every topic that changed', () => {
  const [master, disk] = [table(), new SimDisk({})]
  const slave = table(disk)
  const changed: string[] = []
  slave.onChanged((topic) => changed.push(topic))
  slave.replaceAll(told(master).details, told(master).dataVersion)
  expect(slave.state.isChanged).toBe(false)
  master.put(detail('S'))
  master.put(detail('T'))
  slave.replaceAll(told(master).details, told(master).dataVersion)
  master.delete('S')
  slave.replaceAll(told(master).details, told(master).dataVersion)
  expect([...slave.all()]).toEqual([detail('T')])
  expect(slave.dataVersion.equals(master.dataVersion)).toBe(true)
  expect(changed).toEqual(['S', 'T', 'S', 'T'])
  slave.state.save()
  const again = table(disk)
  again.load()
  expect([...again.all()]).toEqual([detail('T')])
  expect(again.dataVersion.toJson()).toEqual(master.dataVersion.toJson())
})

test('a store that was a slave of Apache RocketMQ, with the version but without the table, gets it', () => {
  const [master, slave] = [table(), table()]
  master.put(detail('S'))
  slave.dataVersion.assign(master.dataVersion)
  slave.replaceAll(told(master).details, told(master).dataVersion)
  expect([...slave.all()]).toEqual([detail('S')])
})

test('the file is as Apache RocketMQ writes it', () => {
  const disk = new SimDisk({})
  const one = table(disk)
  one.put(detail('S'))
  one.state.save()
  expect(disk.readFile(PATH).toString()).toBe(`{
	"dataVersion":{
		"counter":1,
		"stateVersion":0,
		"timestamp":1700000000000
	},
	"topicQueueMappingInfoMap":{
		"S":{
			"bname":"a",
			"currIdMap":{},
			"dirty":false,
			"epoch":7,
			"hostedQueues":{
				0:[
					{
						"bname":"a",
						"endOffset":-1,
						"gen":0,
						"logicOffset":0,
						"queueId":3,
						"startOffset":0,
						"timeOfEnd":-1,
						"timeOfStart":-1
					}
				]
			},
			"scope":"__global__",
			"topic":"S",
			"totalQueues":1
		}
	}
}`)
})
