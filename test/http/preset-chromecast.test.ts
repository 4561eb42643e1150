import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startBackend, type Backend } from '../support/backend.ts'
import { openListener, startSecure, type Secured } from '../support/secure.ts'

/** The listeners of the presets on ports that the system chooses. */
const listeners = [
  { name: 'plain', port: 0 },
  { name: 'tls', port: 0, tls: true },
]

async function ask(started: Secured, listener: string, line: string, lines: readonly string[] = []) {
  using client = await openListener(started, listener)
  client.send(`${line} HTTP/1.1\r\n${['Host: localhost:8008', 'Content-Length: 0', ...lines].join('\r\n')}\r\n\r\n`)
  return await client.reply(line.split(' ', 1)[0])
}

describe('the preset chromecast-mock', () => {
  for (const [name, scheme] of [
    ['plain', 'http'],
    ['tls', 'https'],
  ] as const) {
    test(`answers as a device does on ${name}`, async () => {
      await using started = await startSecure({}, { preset: 'chromecast-mock', listeners, root: undefined })
      const statusOf = async (line: string, ...lines: string[]): Promise<number> =>
        (await ask(started, name, line, lines)).status
      const info = await ask(started, name, 'GET /setup/eureka_info?params=device_info,name')
      assert.equal(info.field('content-type'), 'application/json')
      const { name: own, device_info: device } = JSON.parse(info.body.toString()) as Record<string, unknown>
      assert.equal(own, 'Mock')
      assert.equal((device as { readonly model_name: string }).model_name, 'Chromecast')
      const origin = `${scheme}://localhost:8008`
      const description = await ask(started, name, 'GET /ssdp/device-desc.xml')
      assert.equal(description.field('application-url'), `${origin}/apps/`)
      assert.match(description.body.toString(), new RegExp(`<URLBase>${origin}</URLBase>`))
      assert.equal(await statusOf('GET /setup/assistant/alarms'), 403)
      assert.equal(await statusOf('POST /setup/reboot'), 403)
      assert.equal(await statusOf('POST /setup/reboot', 'cast-local-authorization-token: x'), 200)
      assert.equal(await statusOf('GET /apps/YouTube'), 200)
      const head = await ask(started, name, 'HEAD /apps/YouTube')
      assert.deepEqual([head.status, head.field('content-type')], [200, 'application/xml'])
      const launched = await ask(started, name, 'POST /apps/YouTube')
      assert.deepEqual([launched.status, launched.field('location')], [201, `${origin}/apps/YouTube/run`])
      assert.equal(await statusOf('DELETE /apps/YouTube/run'), 200)
      assert.equal(await statusOf('GET /apps/Netflix'), 404)
      assert.equal(await statusOf('GET /'), 404)
      for (const page of ['https://evil.example', 'http://evil.example', 'null'])
        assert.equal(await statusOf('POST /apps/YouTube', `Origin: ${page}`), 403)
      assert.equal(await statusOf('POST /apps/YouTube', `Origin: ${origin}`), 201)
    })
  }
})

const xmlOf = (origin: string): string => `<root><URLBase>${origin}</URLBase><x href="${origin}/x"/></root>`

describe('the preset chromecast', () => {
  test('leads clients of both ports back, and refuses pages of other sites', async () => {
    await using device: Backend = await startBackend(async (connection) => {
      while (await connection.sees('\r\n\r\n')) {
        await connection.head()
        const content = xmlOf(`http://127.0.0.1:${device.port}`)
        connection.send(
          `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nApplication-URL: http://localhost:${device.port}/apps\r\n` +
            `Content-Length: ${content.length}\r\n\r\n${content}`,
        )
      }
    })
    await using started = await startSecure(
      {},
      { preset: 'chromecast', upstream: device.port, listeners, root: undefined },
    )
    for (const [name, scheme] of [
      ['plain', 'http'],
      ['tls', 'https'],
    ] as const) {
      const reply = await ask(started, name, 'GET /ssdp/device-desc.xml')
      assert.equal(reply.body.toString(), xmlOf(`${scheme}://localhost:8008`))
      assert.equal(reply.field('application-url'), `${scheme}://localhost:8008/apps`)
      for (const line of ['POST /apps/YouTube', 'DELETE /apps/YouTube/run', 'POST /setup/reboot'])
        assert.equal((await ask(started, name, line, ['Origin: https://evil.example'])).status, 403)
      assert.equal((await ask(started, name, 'GET /other')).status, 404)
    }
  })
})
