/**
 * serve8008 as users start it against other servers as their README starts them: `npm run bench -- [--quick]`.
 *
 *     --only WORK         workloads whose name holds this; may be repeated
 *     --peer NAME         servers whose name holds this, beside serve8008; may be repeated
 *     --alone             serve8008 alone: fetches nothing
 *     --also NAME=SCRIPT  another build of serve8008: its `bin/serve8008.js`
 *     --rounds N, --seconds N
 *     --json FILE         writes every round
 *
 * Linux only: it needs /proc, taskset and wrk, and h2load for HTTP/2. Machines are noisy: read the ratios, within one run.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compare, type Extent, type Outcome } from './compare.ts'
import { findPeers, ourBuilds } from './peers.ts'
import { canPin, isInstalled } from './processes.ts'
import { describeRun, table } from './report.ts'
import { workloads } from './workloads.ts'

const whole: Extent = { rounds: 5, seconds: 4, warmSeconds: 3, coldSeconds: 3, starts: 15, saves: 100 }
/** Shows that everything runs, and the rough order; against some peers unless `--peer` names others. */
const short: Extent = { rounds: 1, seconds: 1, warmSeconds: 1, coldSeconds: 1, starts: 2, saves: 10 }
const shortPeers = ['nginx', 'sirv-cli', 'http-proxy, keep-alive']

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    peer: { type: 'string', multiple: true, default: [] },
    alone: { type: 'boolean', default: false },
    also: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'string' },
  },
})

function holds(name: string, parts: readonly string[]): boolean {
  return parts.length === 0 || parts.some((part) => name.toLowerCase().includes(part.toLowerCase()))
}

const chosen = workloads.filter(({ name }) => holds(name, values.only))
if (chosen.length === 0) {
  console.error(`No workload has such a name. There are: ${workloads.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
const tools = [...new Set(['taskset', ...chosen.map(({ tool }) => tool).filter((tool) => /wrk|h2load/.test(tool))])]
const missing = tools.filter((tool) => !isInstalled(tool))
if (missing.length > 0) {
  console.error(`Missing: ${missing.join(', ')}. Debian and Ubuntu: apt-get install util-linux wrk nghttp2-client.`)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const extent = { ...(values.quick ? short : whole) }
if (values.rounds !== undefined) extent.rounds = extent.starts = Number(values.rounds)
if (values.seconds !== undefined) extent.seconds = extent.warmSeconds = extent.coldSeconds = Number(values.seconds)

const builds = await ourBuilds(Object.fromEntries(values.also.map((each) => each.split('=') as [string, string])))
const { contenders, absent } = values.alone ? { contenders: [], absent: [] } : await findPeers()
const peers = contenders.filter(({ name }) =>
  values.quick && values.peer.length === 0 ? shortPeers.includes(name) : holds(name, values.peer),
)
const words = process.argv.slice(2).map((word) => (/^[\w.,/=@-]+$/.test(word) ? word : `'${word}'`))
const run = describeRun(['npm run bench --', ...words].join(' '), canPin)
const outcomes: Outcome[] = []
await compare(chosen, [...builds, ...peers], extent, (outcome) => {
  outcomes.push(outcome)
  console.error(outcome.workload)
})
console.log(`${run}\n\n${table(outcomes)}`)
for (const each of absent) console.log(`\nAbsent: ${each}`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ run, extent, absent, outcomes }, null, 2))
