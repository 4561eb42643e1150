/** A contender of the proxy benchmark: http-proxy with an agent that keeps connections. `node proxy-http-proxy.js URL` */
import { Agent, createServer } from 'node:http'
import httpProxy from 'http-proxy'

const agent = new Agent({ keepAlive: true, maxSockets: 2048 })
const proxy = httpProxy.createProxyServer({ target: process.argv[2], agent, xfwd: true })
proxy.on('error', (_error, _request, response) => response.destroy())
const server = createServer((request, response) => proxy.web(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` }))
})
