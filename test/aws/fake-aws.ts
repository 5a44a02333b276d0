/*
 * What an instance talks to on AWS, for tests: the metadata service (version 2 only) on port 80, S3 and Parameter Store on
 * port 443, in the network namespace it is started in.
 *
 *   node test/aws/fake-aws.ts <folder>
 *
 * The folder has user-data, region, key.json, tls.key, tls.crt, objects/<bucket>/<key> and parameters.json; they are read
 * anew for every request. Prints "ready" when it listens, then a line per request.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join, normalize } from 'node:path'
import { type AccessKey, signatureFault } from './signature.ts'

const [, , folder = ''] = process.argv
const read = (name: string): Buffer => readFileSync(join(folder, name))
const region = () => read('region').toString()
const key = () => JSON.parse(read('key.json').toString()) as AccessKey
const role = 'node-role'
const metadataToken = 'token-of-the-metadata-service'

function answer(request: IncomingMessage, response: ServerResponse, status: number, body: string | Buffer = ''): void {
  process.stdout.write(`${request.method} ${request.headers.host}${request.url} ${status}\n`)
  response.writeHead(status).end(body)
}

function metadata(path: string): string | Buffer | undefined {
  const { id, secret, token } = key()
  const credentials = { Code: 'Success', Type: 'AWS-HMAC', AccessKeyId: id, SecretAccessKey: secret, Token: token }
  const identity = { region: region(), availabilityZone: `${region()}a`, instanceId: 'i-0123456789abcdef0' }
  const texts: Record<string, string | Buffer> = {
    'meta-data/': 'ami-id\nhostname\ninstance-id\nlocal-hostname\nlocal-ipv4',
    'meta-data/ami-id': 'ami-0123456789abcdef0',
    'meta-data/hostname': 'ip-10-60-0-1',
    // cloud-init runs user data once per instance: another user data is another instance.
    'meta-data/instance-id': `i-${read('user-data').length.toString(16).padStart(17, '0')}`,
    'meta-data/local-hostname': 'ip-10-60-0-1',
    'meta-data/local-ipv4': '10.60.0.1',
    'meta-data/iam/security-credentials/': role,
    [`meta-data/iam/security-credentials/${role}`]: JSON.stringify(credentials),
    'dynamic/instance-identity/document': JSON.stringify(identity),
    'user-data': read('user-data'),
  }
  return texts[path]
}

function onMetadata(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').replace(/^\/(latest|\d{4}-\d{2}-\d{2})\//, '')
  if (path === 'api/token') {
    if (request.method === 'PUT') answer(request, response, 200, metadataToken)
    else answer(request, response, 405)
    return
  }
  // In a container cloud-init cannot see that the firmware is Amazon's, and asks without a token then.
  if (path.includes('credentials') && request.headers['x-aws-ec2-metadata-token'] !== metadataToken) {
    answer(request, response, 401)
    return
  }
  const found = metadata(path) ?? metadata(`${path}/`)
  answer(request, response, found === undefined ? 404 : 200, found ?? '')
}

/** A bucket's host name: `bucket.s3.region.amazonaws.com`. */
function onObject(request: IncomingMessage, response: ServerResponse, bucket: string): void {
  const path = join(folder, 'objects', bucket, normalize(decodeURIComponent(request.url ?? '')))
  if (!existsSync(path)) {
    answer(request, response, 404, 'NoSuchKey')
    return
  }
  process.stdout.write(`GET s3://${bucket}${request.url} 200\n`)
  response.writeHead(200, { 'content-length': statSync(path).size })
  createReadStream(path).pipe(response)
}

function onParameter(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { Name } = JSON.parse(body.toString()) as { Name: string }
  const values = JSON.parse(read('parameters.json').toString()) as Record<string, string>
  const Value = values[Name]
  if (Value === undefined) answer(request, response, 400, '{"__type":"ParameterNotFound"}')
  else answer(request, response, 200, JSON.stringify({ Parameter: { Name, Value } }))
}

function onService(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => void chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const { method = '', url = '', headers } = request
    const fault = signatureFault({ method, path: url, headers, body }, key())
    const [, bucket] = /^(.+)\.s3\.([a-z0-9-]+)\.amazonaws\.com$/.exec(headers.host ?? '') ?? []
    if (fault !== '') answer(request, response, 403, fault)
    else if (bucket !== undefined) onObject(request, response, bucket)
    else if (headers['x-amz-target'] === 'AmazonSSM.GetParameter') onParameter(request, response, body)
    else answer(request, response, 400, 'not a service that is played here')
  })
}

createServer(onMetadata).listen(80, '169.254.169.254', () => {
  createTlsServer({ key: read('tls.key'), cert: read('tls.crt') }, onService).listen(443, '127.0.0.1', () => {
    process.stdout.write('ready\n')
  })
})
