// A client in a thread of its own: it asks for one file again and again, each time on a connection of its own, and
// reports how long the slowest reply took and how many failed.
import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

const { port, path } = workerData
const pauseMs = 10
let [asked, failed, slowestMs] = [0, 0, 0]
let running = true

function ask() {
  return new Promise((resolve) => {
    const since = performance.now()
    const end = (ok) => {
      asked++
      if (!ok) failed++
      slowestMs = Math.max(slowestMs, performance.now() - since)
      setTimeout(resolve, pauseMs)
    }
    get({ port, path, host: '127.0.0.1', agent: false }, (reply) => {
      reply
        .resume()
        .once('end', () => end(reply.statusCode === 200))
        .once('error', () => end(false))
    }).once('error', () => end(false))
  })
}

parentPort.once('message', () => (running = false))
while (running) await ask()
parentPort.postMessage({ asked, failed, slowestMs })
