// The yardstick of both benchmarks: node:http that answers 1 KiB from memory and does nothing else.
import { createServer } from 'node:http'

const body = Buffer.alloc(1024, 'x')
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 1024 })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` }))
})
