/** The yardstick: node:http that answers 1 KiB from memory and does nothing else. `node bare-server.js PORT` */
import { createServer } from 'node:http'

const body = Buffer.alloc(1024, 'x')
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 1024 })
  response.end(body)
})
server.listen(Number(process.argv[2]), '127.0.0.1')
