// A client in a thread of its own: it asks for one file again and again, each time on a connection of its own, until it
// gets a message or has asked `count` times. It reports how many requests it made and how many of them failed, how long the
// slowest reply took, the processor time of the server in all, and the most of it during one request.
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

const { port, path, pid, count } = workerData
const pauseMs = count === undefined ? 10 : 0
/** Milliseconds of a tick, in which Linux counts processor time: USER_HZ is 100 on every machine that Node runs on. */
const tickMs = 10
let [asked, failed, slowestMs, mostWorkMs] = [0, 0, 0, 0]
let running = true

/** Processor time that the server has spent (proc(5): utime and stime are the fields 14 and 15). */
function workedMs() {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the name of the program, in parentheses: it may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

function ask() {
  return new Promise((resolve) => {
    const since = performance.now()
    const workedBefore = workedMs()
    const end = (ok) => {
      asked++
      if (!ok) failed++
      slowestMs = Math.max(slowestMs, performance.now() - since)
      mostWorkMs = Math.max(mostWorkMs, workedMs() - workedBefore)
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
const workedBefore = workedMs()
while (running && asked !== count) await ask()
parentPort.postMessage({ asked, failed, slowestMs, mostWorkMs, workMs: workedMs() - workedBefore })
parentPort.close()
