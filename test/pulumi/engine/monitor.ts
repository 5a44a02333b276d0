import * as grpc from '@grpc/grpc-js'
import engineService from '@pulumi/pulumi/proto/engine_grpc_pb.js'
import engine from '@pulumi/pulumi/proto/engine_pb.js'
import monitorService from '@pulumi/pulumi/proto/resource_grpc_pb.js'
import resource from '@pulumi/pulumi/proto/resource_pb.js'
import protobuf from 'google-protobuf/google/protobuf/empty_pb.js'
import { awsInvoke } from './aws/aws-provider.ts'
import { type RegistrationContext, registerComponent, registerCustom, requestedResource } from './registration.ts'
import { answer, fromStruct, messageSizes, service, toStruct } from './sdk.ts'
import { plain } from './values.ts'

const features = new Set(['secrets', 'deletedWith'])
const severities = ['debug', 'info', 'warning', 'error'] as const

/** The two services a program talks to: it registers resources with one and logs through the other. */
export class Monitor {
  /** URNs the program has registered. */
  readonly seen = new Set<string>()
  readonly errors: string[] = []
  readonly #server = new grpc.Server(messageSizes)
  readonly #context: RegistrationContext
  readonly #print: (text: string) => void
  #rootUrn = ''

  constructor(context: RegistrationContext, print: (text: string) => void) {
    this.#context = context
    this.#print = print
    this.#server.addService(monitorService.ResourceMonitorService, this.#monitorHandlers())
    this.#server.addService(engineService.EngineService, this.#engineHandlers())
  }

  /** @returns `host:port` */
  async listen(): Promise<string> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    return `127.0.0.1:${port}`
  }

  close(): void {
    this.#server.forceShutdown()
  }

  #monitorHandlers() {
    return service(monitorService.ResourceMonitorService, {
      supportsFeature: answer((request: resource.SupportsFeatureRequest) => {
        const response = new resource.SupportsFeatureResponse()
        response.setHassupport(features.has(request.getId()))
        return response
      }),
      registerResource: answer((request: resource.RegisterResourceRequest) => this.#register(request)),
      registerResourceOutputs: answer((request: resource.RegisterResourceOutputsRequest) => {
        const { state, preview } = this.#context
        const outputs = plain(fromStruct(request.getOutputs()))
        const known = state.find(request.getUrn())
        if (!preview && known !== undefined) state.put({ ...known, outputs })
        if (!preview && request.getUrn() === this.#rootUrn) state.outputs = outputs
        return new protobuf.Empty()
      }),
      invoke: answer(async (request: resource.ResourceInvokeRequest) => {
        const response = new resource.ResourceInvokeResponse()
        response.setReturn(toStruct(await awsInvoke(request.getTok(), fromStruct(request.getArgs()))))
        return response
      }),
      signalAndWaitForShutdown: answer(() => new protobuf.Empty()),
    })
  }

  async #register(request: resource.RegisterResourceRequest): Promise<resource.RegisterResourceResponse> {
    try {
      const asked = requestedResource(request, this.#context, this.#rootUrn)
      if (this.seen.has(asked.urn)) throw new Error(`two resources have the URN ${asked.urn}: give one another name`)
      this.seen.add(asked.urn)
      const registered = asked.custom
        ? await registerCustom(this.#context, asked)
        : registerComponent(this.#context, asked)
      const response = new resource.RegisterResourceResponse()
      response.setUrn(registered.urn)
      response.setId(registered.id)
      response.setObject(toStruct(registered.outputs))
      return response
    } catch (error) {
      this.errors.push(error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  #engineHandlers() {
    return service(engineService.EngineService, {
      log: answer((request: engine.LogRequest) => {
        const severity = severities[request.getSeverity()] ?? 'info'
        if (severity === 'error') this.errors.push(request.getMessage())
        if (severity !== 'debug') this.#print(`${severity}: ${request.getMessage()}\n`)
        return new protobuf.Empty()
      }),
      getRootResource: answer(() => {
        const response = new engine.GetRootResourceResponse()
        response.setUrn(this.#rootUrn)
        return response
      }),
      setRootResource: answer((request: engine.SetRootResourceRequest) => {
        this.#rootUrn = request.getUrn()
        return new engine.SetRootResourceResponse()
      }),
      requirePulumiVersion: answer(() => new engine.RequirePulumiVersionResponse()),
    })
  }
}
