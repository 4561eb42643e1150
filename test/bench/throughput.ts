/**
 * Requests per second for a file of 1 KiB from the cache, against bare node:http that answers 1 KiB from memory.
 * `npm run bench:throughput -- --rounds 5 --duration 5 --min-ratio 0.75`; the last flag makes it fail below.
 *
 * Server on core 0, wrk on core 1, rounds interleaved: machines are noisy, so read the ratio.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bareCommand, makeSite, median, ourCommand, start, type Running } from './contenders.ts'

function isInstalled(command: string, flag: string): boolean {
  try {
    execFileSync(command, [flag], { stdio: 'ignore' })
    return true
  } catch (error) {
    // wrk ends with 1 after printing its version; only a missing program is missing.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

const canPin = availableParallelism() > 1 && isInstalled('taskset', '--version')

function pin(core: number, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command]
}

function requestsPerSecond(server: Running, seconds: string): number {
  const flags = ['-t1', '-c64', `-d${seconds}s`, `${server.url}file.txt`]
  const [command = '', ...args] = pin(1, ['wrk', ...flags])
  const output = execFileSync(command, args, { encoding: 'utf8' })
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk met errors:\n${output}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1])
}

async function compare(folder: string, rounds: number, seconds: string): Promise<{ bare: number[]; ours: number[] }> {
  const servers: Running[] = []
  const bare: number[] = []
  const ours: number[] = []
  try {
    const yardstick = await start(pin(0, bareCommand()))
    servers.push(yardstick)
    const server = await start(pin(0, ourCommand(folder)))
    servers.push(server)
    for (const running of servers) requestsPerSecond(running, '1')
    for (let round = 0; round < rounds; round++) {
      bare.push(requestsPerSecond(yardstick, seconds))
      ours.push(requestsPerSecond(server, seconds))
    }
  } finally {
    await Promise.all(servers.map((running) => running.stop()))
  }
  return { bare, ours }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    duration: { type: 'string', default: '5' },
    'min-ratio': { type: 'string' },
  },
})
if (!isInstalled('wrk', '--version')) {
  console.error(
    'wrk is missing. Debian and Ubuntu: apt-get install wrk; macOS: brew install wrk. It has no Windows version.',
  )
  process.exit(1)
}
const site = makeSite()
const { bare, ours } = await compare(site.folder, Number(values.rounds), values.duration).finally(site.remove)
const ratio = median(ours.map((rate, round) => rate / (bare[round] ?? NaN)))
const pinned = canPin ? 'one core each' : 'not pinned: taskset or a second core is missing'
console.log(
  `Node ${process.versions.node}, wrk -t1 -c64, 1 KiB, median of ${bare.length} interleaved rounds, ${pinned}`,
)
console.log(`bare node:http  ${Math.round(median(bare))} requests/s`)
console.log(`serve8008       ${Math.round(median(ours))} requests/s`)
console.log(`ratio           ${ratio.toFixed(2)}`)
const limit = Number(values['min-ratio'] ?? 0)
if (ratio < limit) {
  console.error(`The ratio is below ${limit}.`)
  process.exitCode = 1
}
