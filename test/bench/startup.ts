/**
 * Start-up: milliseconds from spawn to the first answer with 200, against a bare node:http server.
 * `npm run bench:startup -- --runs 21 --max-delta 60`; the second flag makes it fail above so many milliseconds.
 */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { parseArgs } from 'node:util'
import { bareCommand, makeSite, median, ourCommand, start } from './contenders.ts'

async function measure(command: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const server = await start(command)
  const [response] = (await once(get(`${server.url}file.txt`, { agent: false }), 'response')) as [IncomingMessage]
  const ms = performance.now() - startedAt
  response.resume()
  await server.stop()
  if (response.statusCode !== 200) throw new Error(`${command[1]} answered ${response.statusCode}.`)
  return ms
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '21' }, 'max-delta': { type: 'string' } },
})
const site = makeSite()
const bare: number[] = []
const ours: number[] = []
try {
  // The first of each warms the file system's cache and does not count.
  for (let round = 0; round <= Number(values.runs); round++) {
    const times = [await measure(bareCommand()), await measure(ourCommand(site.folder))] as const
    if (round === 0) continue
    bare.push(times[0])
    ours.push(times[1])
  }
} finally {
  site.remove()
}

const delta = median(ours.map((ms, round) => ms - (bare[round] ?? 0)))
console.log(`Node ${process.versions.node}, spawn to first answer, median of ${bare.length} interleaved runs`)
console.log(`bare node:http  ${median(bare).toFixed(1)} ms`)
console.log(`serve8008       ${median(ours).toFixed(1)} ms`)
console.log(`delta           ${delta.toFixed(1)} ms`)
const limit = Number(values['max-delta'] ?? Infinity)
if (delta > limit) {
  console.error(`The delta is above ${limit} ms.`)
  process.exitCode = 1
}
