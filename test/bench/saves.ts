/** Save to event: from just before a style sheet is saved to the message on the socket of the page that uses it. */
import { mkdirSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LivePage } from '../support/live-page.ts'

/** Milliseconds after which an event counts as lost. */
const lostMs = 5000

/** Milliseconds of each save, infinity where the event was lost. */
export interface Saves {
  readonly served: readonly number[]
  /** Of bare fs.watch on a folder of the same disk. */
  readonly bare: readonly number[]
}

/** Writes what is served, before the server starts. */
export function writePage(site: string): void {
  mkdirSync(site)
  writeFileSync(join(site, 'style.css'), '')
  writeFileSync(join(site, 'index.html'), '<!doctype html><link rel="stylesheet" href="style.css">')
}

/** Saves in turn in the folder of a server and beside it. The page is this process. */
export async function timeSaves(port: number, site: string, saves: number): Promise<Saves> {
  const bareFolder = `${site}-bare`
  mkdirSync(bareFolder)
  writeFileSync(join(bareFolder, 'style.css'), '')
  let onEvent = (): void => {}
  const watcher = watch(bareFolder, () => onEvent())
  const served: number[] = []
  const bare: number[] = []
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
      const ms = await timeSave(join(site, 'style.css'), save, nextChange)
      const bareMs = await timeSave(join(bareFolder, 'style.css'), save, nextEvent)
      if (save === 0) continue
      served.push(ms)
      bare.push(bareMs)
      if (ms === Infinity) break
    }
  } finally {
    watcher.close()
  }
  return { served, bare }
}

/** Waits until the server gathers nothing, so that it tells each save at once: only then it answers a page that says hello. */
async function becomeQuiet(port: number): Promise<void> {
  using page = await LivePage.open(port)
  const { type } = await page.next()
  if (type !== 'welcome') throw new Error(`A page without files was answered with ${type}.`)
}

async function timeSave(file: string, save: number, event: () => Promise<unknown>): Promise<number> {
  const came = event()
  const startedAt = performance.now()
  writeFileSync(file, `p { margin: ${save}px }\n`)
  return (await within(came.then(() => performance.now() - startedAt))) ?? Infinity
}

/** Waits for something that may never come. */
async function within<T>(event: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, lostMs, undefined)))
  return await Promise.race([event, lost]).finally(() => clearTimeout(timer))
}
