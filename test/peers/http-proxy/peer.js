/**
 * http-proxy in a process of its own, because it can crash. The parent sends `{ options }`, each for a further proxy, and
 * gets `{ port }` back; `{}` asks whether the process still runs.
 */
import { createServer } from 'node:http'
import httpProxy from 'http-proxy'

/** The `error` listener that http-proxy's documentation shows, for sockets and for replies under way too. */
function answerError(_error, _request, reply) {
  if (typeof reply.writeHead !== 'function' || reply.headersSent) return void reply.destroy()
  reply.writeHead(500, { 'Content-Type': 'text/plain' })
  reply.end('Something went wrong.')
}

process.on('message', ({ options }) => {
  if (options === undefined) return void process.send({ port: 0 })
  const proxy = httpProxy.createProxyServer(options).on('error', answerError)
  const server = createServer((request, reply) => proxy.web(request, reply))
  server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
})
process.once('disconnect', () => process.exit())
