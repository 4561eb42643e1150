/**
 * Save to event: milliseconds from just before a style sheet is saved to the message on the socket of the page that uses
 * it, against a bare fs.watch on a folder of the same disk.
 * `npm run bench:live -- --saves 200 --max-median 5 --max-p95 25`; the last two, in milliseconds beyond bare fs.watch,
 * make it fail above.
 *
 * The server is a process of its own, the page is this one. Between two saves the server becomes quiet, so that each
 * save is one that it tells at once.
 */
import { mkdirSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LivePage } from '../support/live-page.ts'
import { makeSite, median, ourCommand, start } from './contenders.ts'

/** Milliseconds after which an event counts as lost. */
const lostMs = 5000

/** Waits for something that may never come. */
async function within<T>(event: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, lostMs, undefined)))
  return await Promise.race([event, lost]).finally(() => clearTimeout(timer))
}

/** Waits until the server gathers nothing: only then it answers a page that says hello. */
async function becomeQuiet(port: number): Promise<void> {
  using page = await LivePage.open(port)
  const { type } = await page.next()
  if (type !== 'welcome') throw new Error(`A page without files was answered with ${type}.`)
}

/** Milliseconds from just before a save to its event, or infinity. */
async function timeSave(file: string, save: number, event: () => Promise<unknown>): Promise<number> {
  const came = event()
  const startedAt = performance.now()
  writeFileSync(file, `p { margin: ${save}px }\n`)
  return (await within(came.then(() => performance.now() - startedAt))) ?? Infinity
}

async function compare(folder: string, saves: number): Promise<{ bare: number[]; ours: number[] }> {
  const style = join(folder, 'style.css')
  const bareFolder = join(folder, '..', 'bare')
  mkdirSync(bareFolder)
  writeFileSync(join(bareFolder, 'style.css'), '')
  writeFileSync(style, '')
  writeFileSync(join(folder, 'index.html'), '<!doctype html><link rel="stylesheet" href="style.css">')
  let onEvent = (): void => {}
  const watcher = watch(bareFolder, () => onEvent())
  const server = await start(ourCommand(folder))
  const port = Number(new URL(server.url).port)
  const bare: number[] = []
  const ours: number[] = []
  try {
    using page = await LivePage.open(port, { resources: ['/style.css'] })
    await page.next()
    const nextChange = async (): Promise<void> => {
      const { type } = await page.next()
      if (type !== 'change') throw new Error(`A save was answered with ${type}.`)
    }
    const nextEvent = (): Promise<void> => new Promise((resolve) => (onEvent = resolve))
    // The first of each warms caches and does not count.
    for (let save = 0; save <= saves; save++) {
      await becomeQuiet(port)
      const ourMs = await timeSave(style, save, nextChange)
      const bareMs = await timeSave(join(bareFolder, 'style.css'), save, nextEvent)
      if (save === 0) continue
      ours.push(ourMs)
      bare.push(bareMs)
      if (ourMs === Infinity) break
    }
  } finally {
    watcher.close()
    await server.stop()
  }
  return { bare, ours }
}

/** The value that 95 of 100 do not exceed. */
function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? NaN
}

function row(name: string, values: readonly number[]): string {
  return `${name.padEnd(14)}  ${median(values).toFixed(2).padStart(6)}  ${p95(values).toFixed(2).padStart(6)}`
}

const { values } = parseArgs({
  options: {
    saves: { type: 'string', default: '200' },
    'max-median': { type: 'string' },
    'max-p95': { type: 'string' },
  },
})
const site = makeSite()
const served = join(site.folder, 'site')
mkdirSync(served)
const { bare, ours } = await compare(served, Number(values.saves)).finally(site.remove)
const beyond = ours.map((ms, save) => ms - (bare[save] ?? 0))
const lost = ours.filter((ms) => ms === Infinity).length
console.log(`Node ${process.versions.node}, save to event, ${ours.length} interleaved saves, ${lost} lost, ms`)
console.log(`${''.padEnd(14)}  median     p95`)
console.log(row('bare fs.watch', bare))
console.log(row('serve8008', ours))
console.log(row('beyond', beyond))
const limits = [
  { name: 'median', value: median(beyond), limit: Number(values['max-median'] ?? Infinity) },
  { name: 'p95', value: p95(beyond), limit: Number(values['max-p95'] ?? Infinity) },
]
for (const { name, value, limit } of limits) {
  if (value <= limit) continue
  console.error(`The ${name} is more than ${limit} ms beyond bare fs.watch.`)
  process.exitCode = 1
}
if (lost > 0) {
  console.error('A save was lost.')
  process.exitCode = 1
}
