/** The backend of the proxy benchmark: answers `/small` with 1 KiB and anything else with 1 MiB, as fast as sockets go. */
import { createServer } from 'node:net'

function reply(bytes) {
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${bytes}\r\n\r\n`),
    Buffer.alloc(bytes, 'x'),
  ])
}

const small = reply(1024)
const large = reply(2 ** 20)

const server = createServer((socket) => {
  socket.setNoDelay(true)
  let text = ''
  let left = 0
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    if (left >= chunk.length) {
      left -= chunk.length
      if (left === 0) socket.write(small)
      return
    }
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    left = length - (text.length - end - 4)
    const answer = text.startsWith('GET /large') ? large : small
    text = ''
    if (left <= 0) socket.write(answer)
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}/` }))
})
