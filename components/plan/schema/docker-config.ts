import { z } from 'zod'
import { folder } from './field-types.ts'

const megabytes = z.int().min(64).max(1_048_576)

const dockerHostSchema = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^(unix:\/\/\/|tcp:\/\/|ssh:\/\/)./, {
        error: 'is no Docker endpoint\nGive unix:///path, tcp://host:port or ssh://user@host.',
      })
      .optional()
      .describe('Where its Docker Engine is reached: unix:///path, tcp://host:port or ssh://user@host.'),
    certPath: folder
      .optional()
      .describe('Folder with ca.pem, cert.pem and key.pem, for a tcp endpoint that asks for certificates.'),
    sshOpts: z.array(z.string()).default([]).describe('Flags for ssh, e.g. -i and the path of a key.'),
  })
  .describe('How the Docker Engine of a host is reached.')

const memorySchema = z
  .strictObject({
    nameServer: megabytes.default(256).describe('Of a NameServer.'),
    controller: megabytes.default(512).describe('Of a controller.'),
    broker: megabytes.default(1024).describe('Of a broker.'),
    proxy: megabytes.default(512).describe('Of a proxy.'),
    apache: megabytes.default(2048).describe('Of every node with engine: apache, whatever its kind.'),
  })
  .prefault({})
  .describe('Memory limit of containers in MiB; there is no swap beyond it.')

/** What stands under `platform.docker`. */
export const dockerSchema = z.strictObject({
  image: z
    .string()
    .min(1)
    .optional()
    .describe('Image of the engine gantry. Left out: gantry:<version>, which "gantry image build" makes.'),
  apacheImage: z
    .string()
    .min(1)
    .default('apache/rocketmq:5.5.0')
    .describe('Image for nodes with engine: apache: Java on its PATH, ROCKETMQ_HOME set, a shell.'),
  apacheHeap: z
    .string()
    .regex(/^[1-9]\d*[mg]$/, { error: 'is no heap size\nWrite a number and m or g, e.g. 512m.' })
    .default('512m')
    .describe('Heap of each Apache node: -Xms and -Xmx.'),
  hosts: z
    .record(z.string(), dockerHostSchema)
    .default({})
    .describe(
      "Docker Engines by the host's name. A single host may be left out: DOCKER_HOST, or this machine's engine.",
    ),
  subnet: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, { error: 'is no subnet\nWrite one like 10.211.0.0/24.' })
    .default('10.211.0.0/24')
    .describe("Of the cluster's network on each Docker host. Give every cluster of a host one of its own."),
  memoryMb: memorySchema,
  cpus: z.number().positive().max(1024).optional().describe('CPUs a container may use. Left out: all.'),
  openFiles: z
    .int()
    .min(1024)
    .max(1_048_576)
    .default(16_384)
    .describe('Open files of a node (ulimit nofile); no more than the limit the engine itself runs with.'),
  stopTimeoutSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe('How long a node may take to stop in good order before it is killed.'),
  logMaxSizeMb: z.int().min(1).max(10_240).default(10).describe('Size of a log file at which a new one is begun.'),
  logMaxFiles: z.int().min(1).max(1000).default(5).describe('Log files of a container that are kept.'),
})

export type DockerConfig = z.output<typeof dockerSchema>
