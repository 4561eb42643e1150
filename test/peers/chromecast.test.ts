import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { startServer } from '../support/server.ts'
import { noNamespace, runInNamespace } from './namespace.ts'
import { missingModules } from './program.ts'

const require = createRequire(import.meta.url)
const scenarios = join(import.meta.dirname, 'chromecast-scenarios.ts')

test('peer-dial finds, launches, queries and stops an app through the preset chromecast', { skip: noNamespace }, () =>
  runInNamespace(scenarios, 'device'),
)

test(
  'pychromecast reads the device of the preset chromecast-mock',
  {
    skip: noNamespace || missingModules('pychromecast'),
  },
  () => runInNamespace(scenarios, 'mock'),
)

/** The parts of chromecast-device-emulator that are used here. It always listens on 8008, so a server of ours stands for its own. */
interface Emulator {
  loadScenario(scenario: unknown): void
  _webSocketConnectionHandler(socket: unknown): void
}

test('a page gets the messages of chromecast-device-emulator through the preset cast-receiver, and no other page', async () => {
  const CastDeviceEmulator = require('chromecast-device-emulator') as new (options: object) => Emulator
  const emulator = new CastDeviceEmulator({ silent: true })
  emulator.loadScenario({ timeline: [{ time: 0, ipcMessage: '{"data":"ready"}' }] })
  const http = createHttpServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const device = new WebSocketServer({ server: http, path: '/v2/ipc' })
  // The emulator prints each message.
  const log = console.log
  console.log = () => {}
  device.on('connection', (socket) => emulator._webSocketConnectionHandler(socket))
  const upstream = (http.address() as AddressInfo).port
  await using started = await startServer(
    { 'index.html': '<h1>app</h1>' },
    { preset: 'cast-receiver', upstream, port: 0 },
  )
  const open = (origin?: string): WebSocket =>
    new WebSocket(`ws://localhost:${started.port}/v2/ipc`, origin === undefined ? {} : { origin })
  try {
    assert.match(await (await fetch(`http://localhost:${started.port}/`)).text(), /app/)
    for (const origin of [`http://localhost:${started.port}`, undefined]) {
      const socket = open(origin)
      const [message] = (await once(socket, 'message')) as [Buffer]
      assert.equal(message.toString(), '{"data":"ready"}')
      socket.close()
      await once(socket, 'close')
    }
    const [, refused] = (await once(open('https://evil.example'), 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ]
    assert.equal(refused.statusCode, 403)
  } finally {
    console.log = log
    device.close()
    http.close()
  }
})
