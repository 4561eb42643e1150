import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { RawClient, type RawReply } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const requests = Number(process.env['SOAK_REQUESTS'] ?? 10_000)
const clients = 24

/** Numbers that look random and are the same in each run (Park and Miller). */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

/** What the backend does with a request, good and bad. */
const good = ['length', 'chunks', 'slow', 'none', 'hints']
const ways = [...good, ...good, ...good, 'close', 'early', 'cut', 'reset', 'extra']
const broken: ReadonlySet<string> = new Set(['cut', 'reset'])

function textOf(id: string): string {
  return `reply ${id};`.padEnd(Number(id) % 5000, '.')
}

/** Answers with the number of the request; what came as content has to be of the same request. */
async function answer(request: IncomingMessage, response: ServerResponse, mixed: string[]): Promise<void> {
  const [, way = '', id = ''] = (request.url ?? '').split('/')
  const { socket } = request
  if (way === 'early') {
    response.writeHead(413, { 'X-Id': id, 'Content-Length': textOf(id).length }).end(textOf(id))
    return
  }
  let content = ''
  for await (const chunk of request) content += String(chunk)
  if (content !== '' && content !== `content ${id};`) mixed.push(`${id} came with ${content}`)
  response.setHeader('X-Id', id)
  const text = textOf(id)
  switch (way) {
    case 'none':
      return void response.writeHead(204).end()
    case 'chunks':
      response.write(text.slice(0, 3))
      await new Promise(setImmediate)
      return void response.end(text.slice(3))
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, Number(id) % 5))
      return void response.end(text)
    case 'close':
      return void response.setHeader('Connection', 'close').end(text)
    case 'hints':
      response.writeEarlyHints({ link: `</${id}>; rel=preload` })
      return void response.end(text)
    case 'cut':
      response.writeHead(200, { 'Content-Length': 100_000 }).write('so far')
      await new Promise(setImmediate)
      return void socket.destroy()
    case 'reset':
      return void socket.resetAndDestroy()
    case 'extra': {
      const evil = 'HTTP/1.1 200 OK\r\nX-Id: evil\r\nContent-Length: 4\r\n\r\nevil'
      return void socket.write(`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nContent-Length: ${text.length}\r\n\r\n${text}${evil}`)
    }
    default:
      return void response.writeHead(200, { 'Content-Length': text.length }).end(text)
  }
}

/** What happened to a worker's requests. */
interface Count {
  whole: number
  refused: number
  cut: number
  left: number
}

function check(reply: RawReply, way: string, id: number, method: string): 'whole' | 'refused' {
  if (reply.status === 502) {
    assert.ok(broken.has(way) || (way === 'extra' && method === 'HEAD'), `502 for ${way} ${id}`)
    return 'refused'
  }
  assert.equal(reply.field('x-id'), String(id), `${way} ${id}`)
  if (way !== 'none' && method !== 'HEAD') assert.equal(reply.body.toString(), textOf(String(id)))
  return 'whole'
}

function messageOf(method: string, way: string, id: number, hostLine: string): string {
  const head = `${method} /${way}/${id} HTTP/1.1\r\n${hostLine}\r\n`
  const content = `content ${id};`
  if (method === 'POST') return `${head}Content-Length: ${content.length}\r\n\r\n${content}`
  if (method !== 'PUT') return `${head}\r\n`
  return `${head}Transfer-Encoding: chunked\r\n\r\n${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`
}

/** One client after the other, each with a connection kept open as long as it can be. */
async function work(front: Started, ids: readonly number[], random: (below: number) => number): Promise<Count> {
  const count: Count = { whole: 0, refused: 0, cut: 0, left: 0 }
  let client = await RawClient.open(front.port)
  const again = async (): Promise<void> => {
    client.end()
    client = await RawClient.open(front.port)
  }
  for (const id of ids) {
    const way = ways[random(ways.length)] as string
    const method = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'POST', 'PUT'][random(8)] as string
    client.send(messageOf(method, way, id, front.hostLine))
    if (random(15) === 0) {
      // Leaves at once, or a moment later.
      if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, random(4)))
      if (random(2) === 0) client.socket.resetAndDestroy()
      count.left++
      await again()
      continue
    }
    try {
      let reply = await client.reply(method)
      while (reply.status === 103) reply = await client.reply(method)
      count[check(reply, way, id, method)]++
      if (reply.field('connection') === 'close') await again()
    } catch (error) {
      if (way !== 'cut' || !String(error).includes('the connection ended')) throw error
      count.cut++
      await again()
    }
  }
  client.end()
  return count
}

test(`${requests} requests over shared connections, valid, broken and aborted, are never mixed up`, async (t) => {
  const mixed: string[] = []
  const open = new Set<Socket>()
  let connections = 0
  let quiet: () => void = () => {}
  const backend = createServer((request, response) => {
    response.on('error', () => {})
    answer(request, response, mixed).catch((error: unknown) => {
      // The proxy leaves when its client did.
      if (!request.socket.destroyed) mixed.push(String(error))
    })
  })
  backend.on('connection', (socket: Socket) => {
    connections++
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) quiet()
    })
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  await using front = await startServer({}, { proxy: { '/': upstream }, live: false })

  using _backend = {
    [Symbol.dispose]: () => {
      backend.closeAllConnections()
      backend.close()
    },
  }
  const random = createRandom(8008)
  const ids = Array.from({ length: requests }, (_, i) => i)
  const counts = await Promise.all(
    Array.from({ length: clients }, (_, n) =>
      work(
        front,
        ids.filter((id) => id % clients === n),
        random,
      ),
    ),
  )
  assert.deepEqual(mixed, [])
  const sum = (key: keyof Count): number => counts.reduce((total, count) => total + count[key], 0)
  const facts = { whole: sum('whole'), refused: sum('refused'), cut: sum('cut'), left: sum('left'), connections }
  t.diagnostic(JSON.stringify(facts))
  assert.ok(connections < requests / 2, 'connections are used again')
  // Idle ones are closed by the proxy after a few seconds: none was lost.
  if (open.size > 0) await new Promise<void>((resolve) => (quiet = resolve))
})
