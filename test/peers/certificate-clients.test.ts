// starts first: clients of many languages start
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { launchChromium, skip as noChromium } from '../browser/support/chromium.ts'
import { until } from '../browser/support/fixture.ts'
import { Firefox, skip as noFirefox } from '../support/firefox.ts'
import { trustAuthority } from '../support/nss.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'
import { missing } from './program.ts'
import { tlsClients, type Task } from './tls-clients.ts'

const noCertutil = missing('certutil')

/** Hosts of the routes. The certificate for clients without SNI has each name. */
const routed = [
  ...['app.test', 'my_box.local', 'xn--bcher-kva.internal', '7.home.arpa', '*.wide.test'],
  // Unusual names: a client of 127.0.0.1 verifies the certificate that has all of them.
  ...['_a.localhost', 'b_.test', '1.2.3.4.test', 'c--d.test', `${'e'.repeat(63)}.test`, `${'f.'.repeat(120)}test`],
]
/** Hosts that a client connects to: those, names whose certificate is issued on demand, and addresses. */
const hosts = [
  ...['localhost', '127.0.0.1', 'app.localhost', 'a.b.c.localhost', 'x.test', 'a.shop.test', 'b.wide.test'],
  ...['app.test', 'my_box.local', 'xn--bcher-kva.internal', '7.home.arpa', 'nas.home.arpa', 'x.local'],
]
const page =
  '<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head><body>hello</body></html>'

describe('clients that trust the local authority accept the certificate of every host', () => {
  const temporary = new TempFolder()
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let started: Started | undefined
  let task: Task

  before(async () => {
    backend.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    )
    if (backend.address() === null) await once(backend, 'listening')
    const to = `ws://127.0.0.1:${(backend.address() as AddressInfo).port}`
    started = await startServer(
      { 'index.html': page, 'style.css': 'body { color: rgb(1, 2, 3) }', 'hello.txt': 'hello' },
      {
        tls: true,
        tlsPort: 0,
        authorityFolder: temporary.join('serve8008'),
        allowHost: ['.test', '.local', '.home.arpa', '.shop.test'],
        routes: [
          { match: { path: '/echo' }, proxy: { to } },
          ...routed.map((host) => ({ match: { host, path: '/routed' }, reply: { body: host } })),
        ],
      },
    )
    task = { port: started.server.tlsPort ?? 0, ca: temporary.join('serve8008', 'authority.pem'), folder: temporary }
  })

  after(async () => {
    await started?.[Symbol.asyncDispose]()
    for (const socket of backend.clients) socket.terminate()
    backend.close()
    temporary[Symbol.dispose]()
  })

  for (const [name, { skip, canAsk = () => true, run }] of Object.entries(tlsClients)) {
    test(name, { skip }, async () => {
      const asked = hosts.filter(canAsk)
      const lines = (await run(task, asked)).trim().split('\n')
      const answers = Object.fromEntries(asked.map((host, index) => [host, lines[index]]))
      assert.deepEqual(answers, Object.fromEntries(asked.map((host) => [host, 'hello'])))
    })
  }

  /** Every host over one protocol, and for some of them a WebSocket to the backend and live reload. */
  async function assertPages(tab: Tab, expected: 'h2' | 'http/1.1'): Promise<void> {
    const { port } = task
    const answers: Record<string, string> = {}
    for (const host of hosts) {
      const text = `fetch('hello.txt').then((reply) => reply.text())`
      const protocol = `performance.getEntriesByType('navigation')[0].nextHopProtocol`
      answers[host] = await tab.goto(`https://${host}:${port}/`).then(
        async () => `${await tab.evaluate<string>(text)} by ${await tab.evaluate<string>(protocol)}`,
        (error: Error) => error.message,
      )
    }
    assert.deepEqual(answers, Object.fromEntries(hosts.map((host) => [host, `hello by ${expected}`])))
    for (const [index, host] of ['localhost', '127.0.0.1', 'a.b.c.localhost', 'x.test'].entries()) {
      await tab.goto(`https://${host}:${port}/`)
      assert.equal(await tab.evaluate(echoed(`wss://${host}:${port}/echo`)), 'said')
      await tab.evaluate('void (window.sameDocument = true)')
      const color = `rgb(1, 2, ${index + 4})`
      assert.ok(started !== undefined)
      writeFileSync(started.folder.join('style.css'), `body { color: ${color} }`)
      await tab.until(`getComputedStyle(document.body).color === '${color}'`)
      assert.equal(await tab.evaluate('window.sameDocument'), true)
    }
  }

  for (const protocol of ['h2', 'http/1.1'] as const) {
    const isHttp2 = protocol === 'h2'

    test(`Firefox: pages, WebSockets and live reload over ${protocol}`, { skip: noFirefox || noCertutil }, async () => {
      const prefs = { 'network.dns.localDomains': hosts.join(','), 'network.http.http2.enabled': isHttp2 }
      await using firefox = await Firefox.launch({ authority: task.ca, prefs })
      await assertPages(await firefox.newPage(), protocol)
    })

    test(
      `Chromium: pages, WebSockets and live reload over ${protocol}`,
      { skip: noChromium || noCertutil },
      async () => {
        using home = new TempFolder()
        trustAuthority(home.join('.pki', 'nssdb'), task.ca)
        const flags = ['--host-resolver-rules=MAP * 127.0.0.1', ...(isHttp2 ? [] : ['--disable-http2'])]
        const browser = await launchChromium([], home.path, flags)
        try {
          const tab = await browser.newPage()
          const driven: Tab = {
            goto: (url) => tab.goto(url),
            evaluate: (expression) => tab.evaluate(expression),
            until: (expression) => until(tab, expression),
          }
          await assertPages(driven, protocol)
        } finally {
          await browser.close()
        }
      },
    )
  }
})

/** What the test does with both browsers. */
interface Tab {
  goto(url: string): Promise<unknown>
  evaluate<Value>(expression: string): Promise<Value>
  until(expression: string): Promise<void>
}

/** A JavaScript expression for the message of a WebSocket. */
function echoed(url: string): string {
  return `new Promise((resolve) => {
    const socket = new WebSocket('${url}')
    socket.onopen = () => socket.send('said')
    socket.onmessage = ({ data }) => (resolve(data), socket.close())
    socket.onclose = ({ code }) => resolve(code)
  })`
}
