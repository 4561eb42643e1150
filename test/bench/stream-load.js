/**
 * Load that wrk cannot make: `node stream-load.js echo|events|handshakes URL CONNECTIONS SECONDS`. `echo` sends 64 bytes on each
 * WebSocket as soon as the last came back; `events` listens, and takes the time in an event for the time of its dispatch;
 * `handshakes` makes a full one for each request, where wrk resumes sessions, and is slower than most servers: read their
 * processor time, not the rate.
 * Prints a line of JSON. What happens before the last connection is open does not count; all must be open in ten seconds.
 */
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, createSecureContext } from 'node:tls'
import { WebSocket } from 'ws'

const [, , kind, url, connections, seconds] = process.argv
const times = []
let failed = 0
let isCounting = false

function note(ms) {
  if (isCounting) times.push(ms)
}

function lose() {
  if (isCounting) failed++
}

function echo() {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false })
    let sentAt = 0
    const send = () => {
      sentAt = performance.now()
      socket.send('x'.repeat(64))
    }
    socket.on('open', () => (send(), resolve()))
    socket.on('message', () => (note(performance.now() - sentAt), send()))
    socket.on('close', lose)
    socket.on('error', reject)
  })
}

const agent = new Agent({ maxSockets: Infinity })

function events() {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.setEncoding('latin1').on('data', (text) => {
        for (const [, sentAt] of text.matchAll(/data: (\d+)/g)) note(Date.now() - Number(sentAt))
      })
      response.on('close', lose).on('error', () => {})
      if (response.statusCode === 200) resolve()
      else reject(new Error(`The answer has status ${response.statusCode}.`))
    })
    request.on('error', reject)
  })
}

const secureContext = createSecureContext()

async function handshakes() {
  const { hostname, port, pathname } = new URL(url)
  const request = () => {
    const startedAt = performance.now()
    const socket = connect({ host: hostname, port: Number(port), secureContext, rejectUnauthorized: false })
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
    socket.resume().on('end', () => (note(performance.now() - startedAt), request()))
    socket.on('error', () => (lose(), request()))
  }
  request()
}

const open = { echo, events, handshakes }[kind]
let opened = 0
const late = setTimeout(() => {
  console.error(`${opened} of ${connections} connections were answered`)
  process.exit(1)
}, 10_000)
await Promise.all(Array.from({ length: Number(connections) }, () => open().then(() => opened++)))
clearTimeout(late)
isCounting = true
console.log('open')
const startedAt = performance.now()
await delay(Number(seconds) * 1000)
isCounting = false
const perSecond = (times.length * 1000) / (performance.now() - startedAt)
const p99Ms = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? null
console.log(JSON.stringify({ count: times.length, perSecond, p99Ms, failed }))
process.exit()
