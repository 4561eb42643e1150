import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundled } from '../support/bundled.ts'

const program = fileURLToPath(new URL('proxy-server.ts', import.meta.url))

const gib = 2 ** 30
// More than 32 bits can count.
const size = Number(process.env['SOAK_BYTES'] ?? 4 * gib) + 1
const block = Buffer.alloc(1024 * 1024, 'x')
const most = 150 * 2 ** 20

/** Writes so many bytes, as fast as they are taken. */
async function pour(socket: Socket, bytes: number, framed = (piece: Buffer): Buffer[] => [piece]): Promise<void> {
  for (let left = bytes; left > 0; left -= block.length) {
    const piece = left >= block.length ? block : block.subarray(0, left)
    let isFull = false
    for (const part of framed(piece)) isFull = !socket.write(part)
    if (isFull) await once(socket, 'drain')
  }
}

/** What follows the header section, counted. */
class Content {
  bytes = 0
  last = ''
  #head = ''
  #inContent = false
  readonly head: Promise<string>

  constructor(socket: Socket) {
    this.head = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        let content = chunk
        if (!this.#inContent) {
          this.#head += chunk.toString('latin1')
          const end = this.#head.indexOf('\r\n\r\n')
          if (end === -1) return
          this.#inContent = true
          content = Buffer.from(this.#head.slice(end + 4), 'latin1')
          resolve(this.#head.slice(0, end))
        }
        this.bytes += content.length
        this.last = `${this.last}${content.subarray(-16).toString('latin1')}`.slice(-16)
      })
    })
  }
}

test('content of more than 4 GiB passes both ways in little memory', { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-large-'))
  const received: Content[] = []
  const serve = async (socket: Socket, content: Content): Promise<void> => {
    const head = await content.head
    if (head.startsWith('GET')) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`)
      await pour(socket, size)
    } else {
      while (!content.last.endsWith('\r\n0\r\n\r\n')) await once(socket, 'data')
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    }
  }
  const backend = createServer((socket) => {
    socket.on('error', () => {})
    const content = new Content(socket)
    received.push(content)
    // A connection that is lost shows in what did not arrive.
    serve(socket, content).catch(() => socket.destroy())
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  const child = fork(await bundled(program, join(folder, 'proxy.mjs')), [upstream], { execArgv: [] })
  const exit = once(child, 'exit')
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const ask = (head: string): { socket: Socket; content: Content } => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`${head}\r\nHost: localhost\r\nConnection: close\r\n`)
      return { socket, content: new Content(socket) }
    }

    let startedAt = performance.now()
    const rate = (): string => `${Math.round(size / 2 ** 20 / ((performance.now() - startedAt) / 1000))} MiB/s`
    const download = ask('GET / HTTP/1.1')
    download.socket.write('\r\n')
    await once(download.socket, 'end')
    assert.equal(download.content.bytes, size)
    assert.match(await download.content.head, new RegExp(`Content-Length: ${size}`, 'i'))
    t.diagnostic(`down ${rate()}`)

    startedAt = performance.now()
    const upload = ask('PUT / HTTP/1.1')
    upload.socket.write('Transfer-Encoding: chunked\r\n\r\n')
    const framed = (piece: Buffer): Buffer[] => [
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from('\r\n'),
    ]
    await pour(upload.socket, size, framed)
    upload.socket.write('0\r\n\r\n')
    assert.match(await upload.content.head, /^HTTP\/1\.1 200/)
    const bytes = Math.max(...received.map((content) => content.bytes))
    // The framing of the chunks is ours: a few bytes for each.
    assert.ok(bytes > size && bytes < size * 1.01, String(bytes))
    t.diagnostic(`up ${rate()}`)

    child.send('end')
    const [{ peak }] = (await once(child, 'message')) as [{ peak: number }]
    t.diagnostic(`${Math.round(peak / 2 ** 20)} MiB at most`)
    assert.ok(peak < most, `${Math.round(peak / 2 ** 20)} MiB`)
  } finally {
    if (child.connected) child.disconnect()
    child.kill()
    await exit
    backend.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
