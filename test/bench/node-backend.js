/**
 * The backend of the comparison on node:http: `node node-backend.js SITE PORT`. It answers files from memory, an upload once
 * it has read it, `/socket` with what it is sent, and `/events` ten times a second with the time.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'

const [, , site, port] = process.argv
const files = new Map(['/1k.txt', '/1m.txt'].map((path) => [path, readFileSync(join(site, path))]))
const listeners = new Set()

function answer(request, response) {
  if (request.method === 'POST') {
    request.resume().on('end', () => response.end('ok'))
  } else if (request.url === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.flushHeaders()
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
  } else {
    const body = files.get(request.url) ?? Buffer.alloc(0)
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
    response.end(body)
  }
}

setInterval(() => {
  const event = `data: ${Date.now()}\n\n`
  for (const listener of listeners) listener.write(event)
}, 100)

const server = createServer({ keepAliveTimeout: 60_000 }, answer)
const sockets = new WebSocketServer({ server, path: '/socket' })
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => {})
})
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
