import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from '../../src/index.ts'
import { visit } from './visitor.ts'

/** Origins of pages that Ollama answers by default, beside those of its own Host. */
const local = /^https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?$/

/** What Ollama was seen to do: its CORS, its check of Host, and a stream of JSON lines. The model speaks when it is told to. */
async function startFake(): Promise<{ server: Server; speak: () => void }> {
  let speak = (): void => {}
  const server = createHttpServer(({ headers, url = '' }, response) => {
    const { origin, host = '' } = headers
    const isOurs = origin === `http://${host}` || origin === `https://${host}`
    if (origin !== undefined && !isOurs && !local.test(origin)) return void response.writeHead(403).end()
    if (!/^(?:localhost|127\.0\.0\.1|.*\.localhost)(?::\d+)?$/.test(host)) return void response.writeHead(403).end()
    if (origin !== undefined && !isOurs) response.setHeader('Access-Control-Allow-Origin', origin)
    if (url === '/api/version') return void response.end('{"version":"0.5.0"}')
    response.writeHead(200, {
      'Content-Type': url === '/v1/chat/completions' ? 'text/event-stream' : 'application/x-ndjson',
    })
    response.write('{"response":"first","done":false}\n')
    speak = () => void response.end('{"response":"","done":true}\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, speak: () => speak() }
}

test('a fake with recorded behaviour of Ollama streams, and keeps its CORS, behind the preset', async () => {
  const { server, speak } = await startFake()
  const { port } = server.address() as AddressInfo
  try {
    await visit('ollama', port, async (visitor) => {
      assert.equal(await visitor.text('/'), 'the folder')
      const lines = ['{"response":"first","done":false}\n', '{"response":"","done":true}\n'] as const
      const said = async (): Promise<void> => speak()
      await visitor.readStream('/api/generate', lines, said)
      await visitor.readStream('/v1/chat/completions', lines, said)
      for (const [origin, status, allowed] of [
        [visitor.origin, 200, null],
        ['http://localhost:5173', 200, 'http://localhost:5173'],
        ['https://evil.example', 403, null],
      ] as const) {
        const reply = await visitor.fetch('/api/version', { headers: { origin } })
        assert.equal(reply.status, status, origin)
        if (status === 200 && origin !== visitor.origin)
          assert.equal(reply.headers.get('access-control-allow-origin'), allowed)
      }
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('the preset sets no limit of time for a model, whatever the option timeout is', () => {
  const { config } = createServer({ preset: 'ollama', timeout: 5 })
  const limits = config.routes.map(({ id, action }) => [id, action.kind === 'proxy' && action.proxy.timeouts])
  const none = { connectMs: 10_000, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 5000 }
  assert.deepEqual(limits, [
    ['/api', none],
    ['/v1', none],
  ])
})
