import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { describe, test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'

const skip = missing('docker-registry')

async function startRegistry(folder: TempFolder, relative: boolean): Promise<{ registry: Program; to: string }> {
  const port = await freePort()
  const config = [
    ...['version: 0.1', 'log: { level: error }'],
    ...['storage:', '  filesystem:', `    rootdirectory: ${folder.join('store')}`],
    ...['http:', `  addr: 127.0.0.1:${port}`, `  relativeurls: ${relative}`],
  ]
  await folder.write({ 'registry.yml': `${config.join('\n')}\n` })
  const command = ['docker-registry', 'serve', folder.join('registry.yml')]
  return { registry: await Program.start(command, port, folder.path), to: `http://127.0.0.1:${port}` }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Sends a request as the docker client does; content in several pieces is chunked. */
function ask(
  method: string,
  url: string,
  content: Buffer | readonly Buffer[] = [],
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = Buffer.isBuffer(content) ? { 'Content-Length': String(content.length) } : {}
    const sent = request(url, { method, headers: { ...length, ...headers } })
    sent.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    for (const piece of Buffer.isBuffer(content) ? [content] : content) sent.write(piece)
    sent.end()
  })
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** The URL at which an upload continues. It must lie below the URL of the client's request. */
function placeOf(answer: Answer, base: string): string {
  const location = new URL(String(answer.headers['location']), base).href
  assert.ok(location.startsWith(`${base}/v2/`), location)
  return location
}

function withDigest(place: string, content: Buffer): string {
  return `${place}${place.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digestOf(content))}`
}

async function begin(base: string): Promise<string> {
  const begun = await ask('POST', `${base}/v2/app/blobs/uploads/`, Buffer.alloc(0))
  assert.equal(begun.status, 202)
  return placeOf(begun, base)
}

/** OCI distribution specification, "Pushing blobs": in one request, in parts with ranges, and as docker does. */
const uploads: Readonly<Record<string, (base: string, content: Buffer) => Promise<Answer>>> = {
  async monolithic(base, content) {
    const type = { 'Content-Type': 'application/octet-stream' }
    return await ask('PUT', withDigest(await begin(base), content), content, type)
  },
  async 'in two parts'(base, content) {
    let place = await begin(base)
    const half = content.length >> 1
    for (const [from, to] of [
      [0, half],
      [half, content.length],
    ] as const) {
      const range = { 'Content-Type': 'application/octet-stream', 'Content-Range': `${from}-${to - 1}` }
      const part = await ask('PATCH', place, content.subarray(from, to), range)
      assert.equal(part.status, 202)
      assert.equal(part.headers['range'], `0-${to - 1}`)
      place = placeOf(part, base)
      const state = await ask('GET', place)
      assert.equal(state.status, 204)
      place = placeOf(state, base)
    }
    return await ask('PUT', withDigest(place, content), Buffer.alloc(0))
  },
  async 'in chunked content'(base, content) {
    const pieces = [content.subarray(0, 10), content.subarray(10, 100_000), content.subarray(100_000)]
    const part = await ask('PATCH', await begin(base), pieces, { 'Content-Type': 'application/octet-stream' })
    assert.equal(part.status, 202)
    return await ask('PUT', withDigest(placeOf(part, base), content), Buffer.alloc(0))
  },
}

async function pushAndPull(base: string): Promise<void> {
  assert.equal((await ask('GET', `${base}/v2/`)).status, 200)
  const layers: Buffer[] = []
  for (const upload of Object.values(uploads)) {
    const content = randomBytes(1_500_000)
    layers.push(content)
    const stored = await upload(base, content)
    assert.equal(stored.status, 201, stored.body.toString())
    assert.equal(stored.headers['docker-content-digest'], digestOf(content))
    const pulled = await ask('GET', placeOf(stored, base))
    assert.ok(pulled.body.equals(content))
    const part = await ask('GET', placeOf(stored, base), [], { Range: 'bytes=10-19' })
    assert.deepEqual([part.status, part.body], [206, content.subarray(10, 20)])
  }
  const config = Buffer.from('{}')
  assert.equal((await uploads['monolithic']?.(base, config))?.status, 201)
  const describe = (mediaType: string, content: Buffer): object => ({
    mediaType,
    size: content.length,
    digest: digestOf(content),
  })
  const type = 'application/vnd.docker.distribution.manifest.v2+json'
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: describe('application/vnd.docker.container.image.v1+json', config),
      layers: layers.map((layer) => describe('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)),
    }),
  )
  const put = await ask('PUT', `${base}/v2/app/manifests/latest`, manifest, { 'Content-Type': type })
  assert.equal(put.status, 201, put.body.toString())
  for (const url of [placeOf(put, base), `${base}/v2/app/manifests/latest`]) {
    const got = await ask('GET', url, [], { Accept: type })
    assert.deepEqual([got.status, got.headers['content-type'], got.body.equals(manifest)], [200, type, true])
    const head = await ask('HEAD', url, [], { Accept: type })
    assert.equal(head.headers['content-length'], String(manifest.length))
  }
  assert.deepEqual(JSON.parse((await ask('GET', `${base}/v2/app/tags/list`)).body.toString()), {
    name: 'app',
    tags: ['latest'],
  })
  const absent = await ask('HEAD', `${base}/v2/app/blobs/${digestOf(Buffer.from('never pushed'))}`)
  assert.equal(absent.status, 404)
}

describe('pushes and pulls images through a route', { skip }, () => {
  const routes: readonly (readonly [string, string, (to: string) => NonNullable<ServeOptions['proxy']>])[] = [
    ['to the root', '', (to) => ({ '/': to })],
    ['that sends the name of the registry', '', (to) => ({ '/': { to, changeOrigin: true } })],
    [
      'that sets a host',
      '',
      (to) => ({ '/': { to, headers: { host: 'registry.test:5000', 'x-forwarded-host': false } } }),
    ],
    ['whose path is replaced', '/registry', (to) => ({ '/registry': `${to}/` })],
    ['that buffers', '', (to) => ({ '/': { to, buffer: true } })],
  ]
  for (const relative of [false, true]) {
    for (const [name, path, proxy] of routes) {
      test(`${name}, with ${relative ? 'relative' : 'absolute'} references`, async () => {
        using folder = new TempFolder()
        const { registry, to } = await startRegistry(folder, relative)
        await using _registry = registry
        await using front = await startServer({}, { proxy: proxy(to), live: false })
        await pushAndPull(`http://localhost:${front.port}${path}`)
      })
    }
  }
})
