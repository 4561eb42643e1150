import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocketServer } from 'ws'
import { launchChromium, skip as noChromium } from '../browser/support/chromium.ts'
import { until } from '../browser/support/fixture.ts'
import { Firefox, skip as noFirefox } from '../support/firefox.ts'
import { trustAuthority } from '../support/nss.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'
import { missing, missingModules } from './program.ts'

const execute = promisify(execFile)

/** Hosts of the routes: each name is in the certificate for clients that name no host. */
const routed = ['app.test', 'my_box.local', 'xn--bcher-kva.internal', '7.home.arpa', '*.wide.test']
/** Names that a client asks for: those, some for which a certificate is made on demand, and addresses. */
const hosts = [
  ...['localhost', '127.0.0.1', 'app.localhost', 'a.b.c.localhost', 'x.test', 'a.shop.test', 'b.wide.test'],
  ...['app.test', 'my_box.local', 'xn--bcher-kva.internal', '7.home.arpa', 'nas.home.arpa', 'x.local'],
]
const page =
  '<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head><body>hello</body></html>'

/** What is asked of a client: `hello` from each of the hosts, whose names all lead to 127.0.0.1. */
interface Task {
  readonly port: number
  /** Certificate of the authority (PEM). */
  readonly ca: string
  readonly folder: TempFolder
}

async function output(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute(program, args, { env: { PATH: process.env['PATH'], ...env }, timeout: 120_000 })
  return stdout
}

const python = `
import socket, ssl, sys
ca, port, *hosts = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in hosts:
    with context.wrap_socket(socket.create_connection(('127.0.0.1', port)), server_hostname=host) as s:
        s.sendall(f'GET /hello.txt HTTP/1.0\\r\\nHost: {host}:{port}\\r\\n\\r\\n'.encode())
        print(s.makefile('rb').read().decode().rpartition('\\r\\n')[2])
`

const twisted = `
import sys
from twisted.internet import reactor, defer, endpoints, ssl, task
from twisted.web.client import Agent, readBody
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer
ca, port, *hosts = sys.argv[1:]
authority = ssl.Certificate.loadPEM(open(ca).read())

@implementer(IAgentEndpointFactory)
class Local:
    def endpointForURI(self, uri):
        tls = ssl.optionsForClientTLS(uri.host.decode(), trustRoot=authority)
        return endpoints.wrapClientTLS(tls, endpoints.TCP4ClientEndpoint(reactor, '127.0.0.1', uri.port))

@defer.inlineCallbacks
def main(reactor):
    agent = Agent.usingEndpointFactory(reactor, Local())
    for host in hosts:
        try:
            response = yield agent.request(b'GET', f'https://{host}:{port}/hello.txt'.encode())
            body = yield readBody(response)
            print(body.decode())
        except Exception as error:
            print(host, [repr(reason.value) for reason in getattr(error, 'reasons', [])] or repr(error))

task.react(main)
`

const go = `package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	pem, _ := os.ReadFile(os.Args[1])
	port := os.Args[2]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}}
	for _, host := range os.Args[3:] {
		response, err := client.Get("https://" + host + ":" + port + "/hello.txt")
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		fmt.Println(string(body))
	}
}
`

const node = `
import { connect } from 'node:http2'
import { readFileSync } from 'node:fs'
const [ca, port, ...hosts] = process.argv.slice(1)
for (const host of hosts) {
  const session = connect('https://' + host + ':' + port, {
    ca: readFileSync(ca),
    lookup: (name, options, done) => options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  })
  const stream = session.request({ ':path': '/hello.txt' })
  stream.setEncoding('utf8')
  let text = ''
  for await (const chunk of stream) text += chunk
  console.log(text)
  session.close()
}
`

interface Client {
  readonly skip: string | false
  /** Names that it asks nobody for. */
  readonly unasked?: readonly string[]
  run(task: Task, asked: readonly string[]): Promise<string>
}

/** Programs that verify certificates, each by a verifier of its own; they print a line for each host. */
const programs: Readonly<Record<string, Client>> = {
  curl: {
    skip: missing('curl'),
    async run({ ca, port }, asked) {
      const words = asked.flatMap((host) => ['--resolve', `${host}:${port}:127.0.0.1`])
      const urls = asked.map((host) => `https://${host}:${port}/hello.txt`)
      return output('curl', ['-sS', '--cacert', ca, '-w', String.raw`\n`, ...words, ...urls])
    },
  },
  'OpenSSL, of the certificate that each host gets': {
    skip: missing('openssl'),
    async run({ ca, port }, asked) {
      const lines = asked.map(async (host) => {
        const isAddress = host === '127.0.0.1'
        const check = isAddress
          ? ['-noservername', '-verify_ip', host]
          : ['-servername', host, '-verify_hostname', host]
        const words = ['-CAfile', ca, '-x509_strict', '-verify_return_error', '-connect', `127.0.0.1:${port}`, ...check]
        const text = await output('sh', ['-c', 'openssl s_client "$@" </dev/null', 'sh', ...words])
        return /Verify return code: 0/.test(text) || /Verification: OK/.test(text) ? 'hello' : text
      })
      return (await Promise.all(lines)).join('\n')
    },
  },
  'Python’s ssl, as strict as version 3.13 is': {
    skip: missing('python3'),
    run: ({ ca, port }, asked) => output('python3', ['-c', python, ca, String(port), ...asked]),
  },
  'Node, over HTTP/2': {
    skip: false,
    run: ({ ca, port }, asked) =>
      output(process.execPath, ['--input-type=module', '-e', node, ca, String(port), ...asked]),
  },
  'Twisted with service_identity': {
    skip: missingModules('twisted', 'service_identity', 'OpenSSL'),
    // IDNA 2008, which it holds URLs to, knows no underscore.
    unasked: ['my_box.local'],
    run: ({ ca, port }, asked) => output('/usr/bin/python3', ['-c', twisted, ca, String(port), ...asked]),
  },
  'Go’s crypto/x509': {
    skip: missing('go'),
    async run({ ca, port, folder }, asked) {
      await folder.write({ 'main.go': go })
      const env = { HOME: folder.path, GOCACHE: folder.join('cache'), GO111MODULE: 'off', GOTOOLCHAIN: 'local' }
      return output('go', ['run', folder.join('main.go'), ca, String(port), ...asked], env)
    },
  },
}

describe('clients that trust the local authority take the certificate of every host', () => {
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

  for (const [name, { skip, unasked = [], run }] of Object.entries(programs)) {
    test(name, { skip }, async () => {
      const asked = hosts.filter((host) => !unasked.includes(host))
      const lines = (await run(task, asked)).trim().split('\n')
      const answers = Object.fromEntries(asked.map((host, index) => [host, lines[index]]))
      assert.deepEqual(answers, Object.fromEntries(asked.map((host) => [host, 'hello'])))
    })
  }

  /** Every host by HTTP/2, and from some of them a WebSocket to the backend and live reload. */
  async function assertPages(tab: Tab): Promise<void> {
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
    assert.deepEqual(answers, Object.fromEntries(hosts.map((host) => [host, 'hello by h2'])))
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

  test('Firefox: pages, HTTP/2, WebSockets and live reload', { skip: noFirefox || missing('certutil') }, async () => {
    const prefs = { 'network.dns.localDomains': hosts.join(',') }
    await using firefox = await Firefox.launch({ authority: task.ca, prefs })
    await assertPages(await firefox.newPage())
  })

  test('Chromium: pages, HTTP/2, WebSockets and live reload', { skip: noChromium || missing('certutil') }, async () => {
    using home = new TempFolder()
    trustAuthority(home.join('.pki', 'nssdb'), task.ca)
    const browser = await launchChromium([], home.path, ['--host-resolver-rules=MAP * 127.0.0.1'])
    try {
      const tab = await browser.newPage()
      await assertPages({
        goto: (url) => tab.goto(url),
        evaluate: (expression) => tab.evaluate(expression),
        until: (expression) => until(tab, expression),
      })
    } finally {
      await browser.close()
    }
  })
})

/** What both browsers can do. */
interface Tab {
  goto(url: string): Promise<unknown>
  evaluate<Value>(expression: string): Promise<Value>
  until(expression: string): Promise<void>
}

/** An expression for what comes back from a WebSocket. */
function echoed(url: string): string {
  return `new Promise((resolve) => {
    const socket = new WebSocket('${url}')
    socket.onopen = () => socket.send('said')
    socket.onmessage = ({ data }) => (resolve(data), socket.close())
    socket.onclose = ({ code }) => resolve(code)
  })`
}
