/** `advertise-scenarios.ts NAME`: run by advertise.test.ts in a network of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from '@patrickkfkan/peer-dial'
import { Bonjour, type Service } from 'bonjour-service'
import { decode, encode, type Packet } from 'dns-packet'
import { createServer, type Server8008, type ServeOptions } from '../../src/index.ts'
import { createGate } from '../support/gate.ts'
import { TempFolder } from '../support/server.ts'
import { farAddress, nearAddress, ownAddress } from './namespace.ts'

const folder = new TempFolder()

async function serve(options: ServeOptions): Promise<{ server: Server8008; warnings: string[] }> {
  const server = createServer({ root: folder.path, port: 8008, lan: true, live: false, ...options })
  const warnings: string[] = []
  server.on('warning', ({ code, message }) => void (code === 'W8008_ADVERTISE' && warnings.push(message)))
  await server.listen()
  return { server, warnings }
}

/** Waits for services of a type. */
function browse(type: string): { next(event: 'up' | 'down'): Promise<Service>; close(): void } {
  const bonjour = new Bonjour({ interface: ownAddress, bind: '0.0.0.0' } as object)
  const browser = bonjour.find({ type })
  const seen = { up: [] as Service[], down: [] as Service[] }
  let gate = createGate()
  for (const event of ['up', 'down'] as const)
    browser.on(event, (service: Service) => {
      seen[event].push(service)
      gate.open()
    })
  return {
    async next(event) {
      for (;;) {
        const service = seen[event].shift()
        if (service !== undefined) return service
        gate = createGate()
        await gate.opened
      }
    },
    close: () => bonjour.destroy(),
  }
}

/** A socket of a program on the network. */
async function openSocket(address: string, port = 0): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(port, address)
  await once(socket, 'listening')
  socket.setMulticastInterface(ownAddress)
  socket.setMulticastTTL(255)
  return socket
}

async function received(socket: Socket): Promise<{ message: Buffer; from: RemoteInfo }> {
  const [message, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
  return { message, from }
}

const search = (st = 'urn:dial-multiscreen-org:service:dial:1'): Buffer =>
  Buffer.from(
    ['M-SEARCH * HTTP/1.1', 'HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 0', `ST: ${st}`, '', ''].join(
      '\r\n',
    ),
  )

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async services() {
    const http = browse('http')
    const cast = browse('googlecast')
    const first = await serve({ advertise: { name: 'My TV', googlecast: true }, base: '/app' })
    const found = await http.next('up')
    assert.deepEqual(
      [found.name, found.port, found.addresses, found.txt],
      ['My TV', 8008, [ownAddress], { path: '/app/' }],
    )
    const device = await cast.next('up')
    assert.equal(device.port, 8009)
    assert.match(device.txt.id as string, /^[\da-f]{32}$/)
    assert.deepEqual([device.txt.fn, device.txt.md, device.txt.ve], ['My TV', 'Chromecast', '05'])
    // The name that clients open is one that the server answers for.
    const reply = await fetch(`http://${ownAddress}:8008/app/`, { headers: { host: `${found.host}:8008` } })
    assert.equal(reply.status, 200)
    const second = await serve({ advertise: 'My TV', port: 8018 })
    const other = await http.next('up')
    assert.deepEqual([other.name, other.port], ['My TV (2)', 8018])
    assert.deepEqual(second.warnings, ['"My TV" is taken on this network; _http._tcp is advertised as "My TV (2)".'])
    assert.deepEqual(first.warnings, [])
    await second.server.close()
    assert.equal((await http.next('down')).name, 'My TV (2)')
    await first.server.close()
    assert.equal((await http.next('down')).name, 'My TV')
    assert.equal((await cast.next('down')).name, 'My TV')
    http.close()
    cast.close()
  },

  async dial() {
    const client = new Client()
    const found = once(client, 'found') as Promise<[string]>
    const gone = once(client, 'disappear') as Promise<[string]>
    client.start()
    const { server } = await serve({ advertise: { http: false, dial: '/dd.xml' } })
    const url = `http://${ownAddress}:8008/dd.xml`
    assert.equal((await found)[0], url)
    await server.close()
    assert.equal((await gone)[0], url)
    client.stop()
  },

  async listeners() {
    const http = browse('http')
    const main = { name: 'main', port: 8008, lan: true }
    const { server } = await serve({
      ...{ port: undefined, lan: false, advertise: 'Box' },
      listeners: [main, { name: 'own', port: 8018, host: '127.0.0.1' }],
    })
    assert.equal((await http.next('up')).port, 8008)
    await server.listeners.remove('main')
    await http.next('down')
    await server.listeners.add({ ...main, port: 8028 })
    assert.equal((await http.next('up')).port, 8028)
    await server.close()
    await http.next('down')
    http.close()
  },

  async interrupt() {
    const http = browse('http')
    const command = join(import.meta.dirname, '../../src/cli/main.ts')
    const program = `import { main } from ${JSON.stringify(command)}; await main()`
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program, '--', folder.path, '--lan', '--advertise', 'My box'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    assert.equal((await http.next('up')).name, 'My box')
    child.kill('SIGINT')
    assert.equal((await http.next('down')).name, 'My box')
    await once(child, 'exit')
    http.close()
  },

  async searches() {
    const { server } = await serve({ advertise: { http: false, dial: true } })
    const near = await openSocket(ownAddress)
    const group = [1900, '239.255.255.250'] as const
    // From an address of another network, as a forged one would be.
    const far = await openSocket(farAddress)
    far.on('message', () => assert.fail('answers another network'))
    far.send(search(), ...group)
    for (const message of [
      search('upnp:rootdevice'),
      Buffer.from('M-SEARCH * HTTP/1.1\r\n\r\n'),
      Buffer.from('M-SEARCH * HTTP/1.1\r\nMAN:"ssdp:discover"\r\nST:ssdp:all\r\n\r\n'),
      Buffer.alloc(1472, 'a'),
      Buffer.alloc(0),
      Buffer.concat([search(), Buffer.alloc(4000, 'a')]),
    ])
      near.send(message, ...group)
    near.send(search('ssdp:all'), ...group)
    let answers = 0
    near.on('message', () => answers++)
    const { message, from } = await received(near)
    assert.equal(from.address, ownAddress)
    assert.match(message.toString(), new RegExp(`LOCATION: http://${ownAddress}:8008/ssdp/device-desc.xml\r\n`))
    const asked = search('ssdp:all').length
    assert.ok(message.length <= 3 * asked, `${message.length} bytes for ${asked}`)
    // An answer to another address comes when all before it has been decided about.
    const other = await openSocket(nearAddress)
    const settle = async (): Promise<void> => {
      other.send(search(), ...group)
      await received(other)
    }
    await settle()
    assert.equal(answers, 1)
    for (let i = 0; i < 200; i++) near.send(search(), ...group)
    await settle()
    assert.ok(answers >= 4 && answers <= 5, `${answers} answers to 201 searches`)
    const listening = createSocket({ type: 'udp4', reuseAddr: true })
    listening.bind(1900, '239.255.255.250')
    await once(listening, 'listening')
    listening.addMembership('239.255.255.250', ownAddress)
    const withdrawn = createGate()
    listening.on('message', (message) => {
      if (message.includes('ssdp:byebye')) withdrawn.open()
    })
    await server.close()
    await withdrawn.opened
    for (const socket of [near, far, other, listening]) socket.close()
  },

  async queries() {
    const { server } = await serve({ advertise: 'Box' })
    const group = [5353, '224.0.0.251'] as const
    const query = (more: Packet = {}): Buffer =>
      encode({ type: 'query', questions: [{ name: '_http._tcp.local', type: 'PTR' }], ...more })
    const listening = createSocket({ type: 'udp4', reuseAddr: true })
    listening.bind(5353, '0.0.0.0')
    await once(listening, 'listening')
    listening.addMembership('224.0.0.251', ownAddress)
    listening.setMulticastInterface(ownAddress)
    let responses = 0
    let announced = createGate()
    const over = createGate()
    listening.on('message', (message) => {
      // The malformed queries arrive here too.
      if (!message.includes('Box')) return
      const packet = decode(message)
      if (packet.type !== 'response') return
      responses++
      announced.open()
      if (packet.answers?.some((each) => 'ttl' in each && each.ttl === 0) === true) over.open()
    })
    // The second announcement is the last message that comes by itself.
    for (let i = 0; i < 2; i++) {
      await announced.opened
      announced = createGate()
    }
    const near = await openSocket(ownAddress)
    for (const message of [
      Buffer.alloc(0),
      Buffer.alloc(12, 0xff),
      Buffer.alloc(1472, 0xc0),
      Buffer.from('000000000100000000000000c00c000c0001', 'hex'),
      query().subarray(0, 20),
      Buffer.concat([query(), Buffer.alloc(4000)]),
      query({ questions: [{ name: 'other.local', type: 'A' }] }),
    ])
      near.send(message, ...group)
    near.send(query({ id: 77 }), ...group)
    const { message } = await received(near)
    const { id, questions, answers = [] } = decode(message)
    assert.deepEqual([id, questions?.length, answers.length], [77, 1, 1])
    assert.ok(answers.every((each) => 'ttl' in each && (each.ttl ?? 0) <= 10))
    let unicast = 0
    near.on('message', () => unicast++)
    for (let i = 0; i < 200; i++) {
      near.send(query(), ...group)
      listening.send(query(), ...group)
    }
    const before = responses
    await announced.opened
    const at = performance.now()
    await server.close()
    await over.opened
    const seconds = Math.ceil((performance.now() - at) / 1000)
    assert.ok(unicast <= 4, `${unicast} answers to 200 queries`)
    // One for all that ask within a second, and the withdrawal.
    assert.ok(responses - before <= 2 + seconds, `${responses - before} responses to 200 queries`)
    near.close()
    listening.close()
  },
}

await scenarios[process.argv[2] ?? '']?.()
folder[Symbol.dispose]()
