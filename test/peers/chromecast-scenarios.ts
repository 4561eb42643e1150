/** `chromecast-scenarios.ts NAME`: run by chromecast.test.ts in a network of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { hostname } from 'node:os'
import { Client, Server, type DialApp, type DialDevice } from '@patrickkfkan/peer-dial'
import { express } from '../support/frameworks.ts'
import { createServer } from '../../src/index.ts'
import { RawClient } from '../support/raw.ts'
import { ownAddress } from './namespace.ts'

const devicePort = 18_030

/** A DIAL device on the loopback, which the clients here do not reach by the address that they know. */
async function startDevice(): Promise<{ close(): void; app: DialApp; launched: (string | null)[] }> {
  const app: DialApp = { name: 'YouTube', state: 'stopped', allowStop: true, pid: null, launch: () => {} }
  const launched: (string | null)[] = []
  const expressApp = express()
  // Not started: it would announce its own port.
  void new Server({
    expressApp,
    port: devicePort,
    friendlyName: 'TV',
    delegate: {
      getApp: (name) => (name === app.name ? app : undefined),
      launchApp(_name, data, done) {
        launched.push(data)
        Object.assign(app, { state: 'running', pid: 'run' })
        done('run')
      },
      stopApp(_name, _pid, done) {
        Object.assign(app, { state: 'stopped', pid: null })
        done(true)
      },
    },
  })
  const server = createHttpServer(expressApp).listen(devicePort, '127.0.0.1')
  await once(server, 'listening')
  return { app, launched, close: () => void server.close() }
}

/** What a callback gets, or its error. */
function called<Result>(act: (done: (result: Result | null, error?: unknown) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) =>
    act((result, error) => (result === null ? reject(error as Error) : resolve(result))),
  )
}

/** What the mock says of itself. */
const id = '7d4c0f5e-0c6c-4a3e-9b36-3d2f6f1f8008'

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async device() {
    const device = await startDevice()
    const server = createServer({
      preset: 'chromecast',
      upstream: devicePort,
      lan: true,
      advertise: { name: 'TV', id, http: false, dial: true },
      listeners: [{ name: 'plain', port: 8008 }],
    })
    const client = new Client()
    const found = once(client, 'found') as Promise<[string, Readonly<Record<string, string>>]>
    client.start()
    await server.listen()
    const [description, fields] = await found
    assert.equal(fields['USN'], `uuid:${id}::urn:dial-multiscreen-org:service:dial:1`)
    assert.equal(description, `http://${ownAddress}:8008/ssdp/device-desc.xml`)
    const dial = await called<DialDevice>((done) => client.getDialDevice(description, done))
    assert.equal(dial.applicationUrl, `http://${ownAddress}:8008/apps`)
    assert.equal(dial.friendlyName, 'TV')
    const state = async (): Promise<string> =>
      (await called<{ readonly state: string }>((done) => dial.getAppInfo('YouTube', done))).state
    assert.equal(await state(), 'stopped')
    await called<string>((done) => dial.launchApp('YouTube', 'v=1', 'text/plain', done))
    assert.deepEqual(device.launched, ['v=1'])
    assert.equal(await state(), 'running')
    assert.equal(await called<number>((done) => dial.stopApp('YouTube', 'run', done)), 200)
    assert.equal(await state(), 'stopped')

    // The port of the device is closed to clients, and no reply names it, whatever they call the server.
    await assert.rejects(RawClient.open(devicePort, ownAddress), { code: 'ECONNREFUSED' })
    for (const name of [ownAddress, 'localhost', '127.0.0.1', '[::1]', hostname(), `${hostname()}.local`]) {
      for (const [method, path, status] of [
        ['GET', '/ssdp/device-desc.xml', 200],
        ['GET', '/apps', 204],
        ['GET', '/apps/YouTube', 200],
        ['POST', '/apps/YouTube', 201],
        ['GET', '/apps/YouTube', 200],
        ['POST', '/apps/YouTube', 200],
        ['DELETE', '/apps/YouTube/run', 200],
        ['GET', '/apps/Netflix', 404],
      ] as const) {
        using raw = await RawClient.open(8008, ownAddress)
        raw.send(`${method} ${path} HTTP/1.1\r\nHost: ${name}:8008\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
        const reply = (await raw.closed()).toString()
        assert.match(reply, new RegExp(`^HTTP/1.1 ${status} `), `${method} ${path} by ${name}: ${reply}`)
        assert.ok(!reply.includes(String(devicePort)), `${method} ${path} by ${name}: ${reply}`)
        if (path.endsWith('.xml'))
          assert.match(reply, new RegExp(`<URLBase>http://${name.replace(/[[\]]/g, '\\$&')}:8008</URLBase>`))
      }
    }

    // Pages of other sites start and stop nothing.
    for (const origin of ['https://evil.example', 'http://evil.example', 'null']) {
      for (const [method, path] of [
        ['POST', '/apps/YouTube'],
        ['DELETE', '/apps/YouTube/run'],
      ] as const) {
        const reply = await fetch(`http://${ownAddress}:8008${path}`, { method, headers: { origin } })
        assert.equal(reply.status, 403, `${method} by ${origin}`)
      }
    }
    assert.equal(device.app.state, 'stopped')
    const own = await fetch(`http://${ownAddress}:8008/apps/YouTube`, {
      method: 'POST',
      headers: { origin: `http://${ownAddress}:8008` },
    })
    assert.equal(own.status, 201)
    assert.equal((await fetch(`http://${ownAddress}:8008/other`)).status, 404)
    await server.close()
    client.stop()
    device.close()
  },

  async mock() {
    const server = createServer({
      preset: 'chromecast-mock',
      lan: true,
      advertise: { name: 'Mock', id, http: false, googlecast: true, dial: true },
    })
    await server.listen()
    const program = [
      'import json, time, zeroconf, pychromecast',
      'from pychromecast import dial',
      `status = dial.get_device_status("${ownAddress}")`,
      `groups = dial.get_multizone_status("${ownAddress}")`,
      'found = []',
      'listener = pychromecast.discovery.SimpleCastListener(lambda uuid, name: found.append(name))',
      `browser = pychromecast.discovery.CastBrowser(listener, zeroconf.Zeroconf(interfaces=["${ownAddress}"]))`,
      'browser.start_discovery()',
      'until = time.time() + 20',
      'while not found and time.time() < until: time.sleep(0.05)',
      'services = [(str(d.uuid), d.friendly_name, d.port) for d in browser.devices.values()]',
      'browser.stop_discovery()',
      'print(json.dumps([status.friendly_name, status.model_name, status.manufacturer, str(status.uuid), len(groups.groups), services]))',
    ].join('\n')
    const child = spawn('/usr/bin/python3', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 0)
    const [name, model, manufacturer, uuid, groups, services] = JSON.parse(output) as unknown[]
    assert.deepEqual([name, model, manufacturer], ['Mock', 'Chromecast', 'Google Inc.'])
    assert.deepEqual([uuid, groups], [id, 0])
    assert.deepEqual(services, [[id, 'Mock', 8009]])
    await server.close()
  },
}

await scenarios[process.argv[2] ?? '']?.()
