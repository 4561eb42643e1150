/**
 * A proxy route against http-proxy with a keep-alive agent and @fastify/http-proxy: replies of 1 KiB and 1 MiB, uploads of 64 KiB.
 * `npm run bench:proxy -- --rounds 3 --duration 4 --min-ratio 1.3`; the last flag makes it fail when we are
 * not that many times as fast as each of them with 1 KiB, or slower than one with the others.
 * `--only small`, `large` or `upload` runs one of them.
 * `--also 'node other.js'` adds a contender: it is given the backend's URL and prints a line of JSON with its `url`.
 *
 * Proxy on core 0, wrk and the backend on core 1, rounds interleaved: machines are noisy, so read the ratios. Beside
 * requests per second stands the processor time that each took, which other programs disturb less (Linux only).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundled } from '../support/bundled.ts'
import { median, start, type Running } from './contenders.ts'

interface Load {
  readonly name: string
  readonly path: string
  readonly connections: number
  readonly script?: string
}

const upload = `wrk.method = "POST"\nwrk.body = string.rep("x", 65536)\n`
const folder = mkdtempSync(join(tmpdir(), 'serve8008-bench-'))
const script = join(folder, 'upload.lua')
writeFileSync(script, upload)

const loads: readonly Load[] = [
  { name: '1 KiB replies', path: 'small', connections: 64 },
  { name: '1 MiB replies', path: 'large', connections: 16 },
  { name: '64 KiB uploads', path: 'upload', connections: 32, script },
]

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '4' },
    only: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] },
    'min-ratio': { type: 'string' },
  },
})

const here = import.meta.dirname
const canPin = availableParallelism() > 1

function pin(core: number, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command]
}

interface Rate {
  readonly perSecond: number
  /** Microseconds of processor time for each request. */
  readonly cost: number
}

/** Microseconds that a process has kept a processor busy; its clock ticks a hundred times a second. */
function busy(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return NaN
  }
}

function measure({ url, pid }: Running, load: Load, seconds: string): Rate {
  const more = load.script === undefined ? [] : ['-s', load.script]
  const flags = ['-t1', `-c${load.connections}`, `-d${seconds}s`, ...more, `${url}${load.path}`]
  const [command = '', ...args] = pin(1, ['wrk', ...flags])
  const before = busy(pid)
  const output = execFileSync(command, args, { encoding: 'utf8' })
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk met errors:\n${output}`)
  const [, requests] = /(\d+) requests in/.exec(output) ?? []
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1])
  return { perSecond, cost: (busy(pid) - before) / Number(requests) }
}

/** Prints what each takes, and how many times as fast and as cheap we are. */
function report(load: Load, rates: ReadonlyMap<string, readonly Rate[]>): void {
  const ours = rates.get('serve8008') ?? []
  for (const [name, theirs] of rates) {
    const ratio = median(theirs.map(({ perSecond }, round) => (ours[round]?.perSecond ?? NaN) / perSecond))
    const cheaper = median(theirs.map(({ cost }, round) => cost / (ours[round]?.cost ?? NaN)))
    const speed = Math.round(median(theirs.map(({ perSecond }) => perSecond)))
    const cost = Math.round(median(theirs.map((rate) => rate.cost)))
    const figures = `${String(speed).padStart(6)}/s ${ratio.toFixed(2)}   ${String(cost).padStart(5)} µs ${cheaper.toFixed(2)}`
    console.log(`${load.name.padEnd(15)} ${name.padEnd(19)} ${figures}`)
    const limit = values['min-ratio'] === undefined ? 0 : load.path === 'small' ? Number(values['min-ratio']) : 1
    if (name === 'serve8008' || ratio >= limit) continue
    console.error(`Against ${name} the ratio is below ${limit}.`)
    process.exitCode = 1
  }
}

const running: Running[] = []
try {
  const backend = await start(pin(1, [process.execPath, join(here, 'proxy-backend.js')]))
  running.push(backend)
  const commands: Readonly<Record<string, readonly string[]>> = {
    'http-proxy': [process.execPath, join(here, 'proxy-http-proxy.js')],
    '@fastify/http-proxy': [process.execPath, join(here, 'proxy-fastify.js')],
    serve8008: [process.execPath, await bundled(join(here, 'proxy-ours.ts'), join(folder, 'ours.mjs'))],
    ...Object.fromEntries(values.also.map((line) => [line, line.split(' ')])),
  }
  const contenders: [string, Running][] = []
  for (const [name, command] of Object.entries(commands)) {
    const contender = await start(pin(0, [...command, backend.url]))
    running.push(contender)
    contenders.push([name, contender])
  }
  for (const load of loads.filter(({ path }) => values.only === undefined || path === values.only)) {
    const rates = new Map<string, Rate[]>(contenders.map(([name]) => [name, []]))
    for (const [, contender] of contenders) measure(contender, load, '1')
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, contender] of contenders) {
        rates.get(name)?.push(measure(contender, load, values.duration))
      }
    }
    report(load, rates)
  }
} finally {
  await Promise.all(running.map((each) => each.stop()))
  rmSync(folder, { recursive: true, force: true })
}
