/**
 * A folder of 50,000 files in 2,000 folders, against one with a page and a style sheet: the size must not matter.
 * `npm run bench:live-scale -- --runs 11 --check`; the last flag makes it fail when a bound is exceeded.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { builtCommand } from '../../scripts/build.ts'
import { LivePage } from '../support/live-page.ts'
import { median } from './statistics.ts'

const groups = 40
const foldersPerGroup = 50
const filesPerFolder = 25
const requests = 200
const usedFiles = 20
/** Milliseconds after which a change counts as lost. */
const lostMs = 5000

const bounds = { ratio: 1.3, growthMiB: 20, blockMs: 50 }

/** What the process reports about itself. */
interface Held {
  readonly rss: number
  readonly longestBlockMs: number
}

interface Figures {
  /** From spawn to the first page's answer. */
  readonly firstMs: number
  readonly rssMiB: number
  readonly longestBlockMs: number
  /** Changes of used files that the page received. */
  readonly seen: number
}

interface Site {
  readonly folder: string
  /** Asked for in turn. */
  readonly pages: readonly string[]
  /** What the open page uses. */
  readonly used: readonly string[]
}

function makeSmall(folder: string): Site {
  mkdirSync(folder)
  writeFileSync(join(folder, 'index.html'), '<!doctype html><link rel="stylesheet" href="style.css">')
  writeFileSync(join(folder, 'style.css'), 'p { margin: 0 }')
  return { folder, pages: ['/'], used: ['/style.css'] }
}

function makeLarge(folder: string): Site {
  makeSmall(folder)
  const paths: string[] = []
  for (let group = 0; group < groups; group++) {
    for (let each = 0; each < foldersPerGroup; each++) {
      const path = `/group-${group}/folder-${each}`
      mkdirSync(join(folder, path), { recursive: true })
      for (let file = 0; file < filesPerFolder; file++) writeFileSync(join(folder, path, `page-${file}.html`), path)
      paths.push(path)
    }
  }
  const pages = paths.filter((_, index) => index % (paths.length / requests) === 0).map((path) => `${path}/page-0.html`)
  const used = paths.filter((_, index) => index % (paths.length / usedFiles) === 7).map((path) => `${path}/page-1.html`)
  return { folder, pages, used }
}

async function ask(child: ChildProcess): Promise<Held> {
  const answer = once(child, 'message')
  child.send('report')
  const [held] = (await answer) as [Held]
  return held
}

async function get(url: string): Promise<void> {
  const response = await fetch(url)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}.`)
}

/** Changes each used file once; returns how many of them the page receives. */
async function changeEach({ folder, used }: Site, page: LivePage): Promise<number> {
  let seen = 0
  for (const path of used) {
    let timer: NodeJS.Timeout | undefined
    const lost = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, lostMs, undefined)))
    writeFileSync(join(folder, path), `changed at ${performance.now()}`)
    const message = await Promise.race([page.next(), lost])
    clearTimeout(timer)
    if (message?.type === 'change' && message.changes.some((change) => change.path === path)) seen++
  }
  return seen
}

async function measure(site: Site): Promise<Figures> {
  const monitor = new URL('loop-delay.js', import.meta.url).href
  const startedAt = performance.now()
  const child = fork(script, [site.folder, '--port', '0', '--log', 'none', '--json'], {
    execArgv: ['--import', monitor],
    silent: true,
  })
  child.stderr?.pipe(process.stderr)
  try {
    const [line] = await once(createInterface({ input: child.stdout as Readable }), 'line')
    const { url } = JSON.parse(line) as { url: string }
    // Before the server listens no client waits, so the measurement starts here.
    const atListening = ask(child)
    await get(url)
    const firstMs = performance.now() - startedAt
    await atListening
    for (let i = 0; i < requests; i++) await get(new URL(site.pages[i % site.pages.length] ?? '/', url).href)
    for (const path of site.used) await get(new URL(path, url).href)
    using page = await LivePage.open(Number(new URL(url).port), { resources: site.used })
    const { type } = await page.next()
    if (type !== 'welcome') throw new Error(`The page was answered with ${type}.`)
    const before = await ask(child)
    const seen = await changeEach(site, page)
    const after = await ask(child)
    const longestBlockMs = Math.max(before.longestBlockMs, after.longestBlockMs)
    return { firstMs, rssMiB: before.rss / 2 ** 20, longestBlockMs, seen }
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

function middle(figures: readonly Figures[], key: keyof Figures): number {
  return median(figures.map((each) => each[key]))
}

function row(name: string, figures: readonly Figures[]): string {
  const [firstMs, rssMiB] = [middle(figures, 'firstMs'), middle(figures, 'rssMiB')]
  const block = Math.max(...figures.map(({ longestBlockMs }) => longestBlockMs))
  const cells = [firstMs, rssMiB, middle(figures, 'longestBlockMs'), block].map((cell) => cell.toFixed(1).padStart(12))
  return name.padEnd(8) + cells.join('')
}

const { values } = parseArgs({ options: { runs: { type: 'string', default: '11' }, check: { type: 'boolean' } } })
const script = await builtCommand()
const folder = mkdtempSync(join(tmpdir(), 'serve8008-bench-'))
const small: Figures[] = []
const large: Figures[] = []
try {
  const sites = [makeSmall(join(folder, 'small')), makeLarge(join(folder, 'large'))] as const
  // The first of each warms the file system's cache and does not count.
  for (let run = 0; run <= Number(values.runs); run++) {
    const figures = [await measure(sites[0]), await measure(sites[1])] as const
    if (run === 0) continue
    small.push(figures[0])
    large.push(figures[1])
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const ratio = median(large.map(({ firstMs }, run) => firstMs / (small[run]?.firstMs ?? NaN)))
const growthMiB = median(large.map(({ rssMiB }, run) => rssMiB - (small[run]?.rssMiB ?? NaN)))
const blockMs = middle(large, 'longestBlockMs')
const missed = large.reduce((sum, { seen }) => sum + usedFiles - seen, 0)
const count = groups * foldersPerGroup * filesPerFolder
console.log(`Node ${process.versions.node}, 2 files against ${count}, medians of ${small.length} interleaved runs`)
console.log('        first answer      RSS MiB     block ms     at most')
console.log(row('small', small))
console.log(row('large', large))
console.log(`first answer, ratio  ${ratio.toFixed(2)}`)
console.log(`RSS, growth          ${growthMiB.toFixed(1)} MiB`)
console.log(`changes missed       ${missed} of ${usedFiles * large.length}`)
const failures = [
  ratio > bounds.ratio && `The first answer takes more than ${bounds.ratio} times as long.`,
  growthMiB > bounds.growthMiB && `The process grows by more than ${bounds.growthMiB} MiB.`,
  blockMs > bounds.blockMs && `The event loop stands still for more than ${bounds.blockMs} ms.`,
  missed > 0 && 'The page did not receive every change.',
].filter((failure) => failure !== false)
if (values.check === true && failures.length > 0) {
  console.error(failures.join('\n'))
  process.exitCode = 1
}
