import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync, type FSWatcher } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { nodeSystem, type WatchSystem } from '../../../../src/live/watch/file-system.ts'
import { createWatch, type Watch, type WatchOptions } from '../../../../src/live/watch/watch.ts'
import type { Warning } from '../../../../src/core/warning.ts'

/** Milliseconds after which a missing change fails the test. */
const deadlineMs = 10_000

/** A watch on a temporary folder, which is removed after the test. */
export interface Bench {
  /** The served folder. */
  readonly root: string
  readonly watch: Watch
  readonly warnings: Warning[]
  /** Every reported path relative to the root; matches of globs start with a plus sign. */
  readonly reported: string[]
  path(name: string): string
  write(name: string, text: string): void
  /** Waits for the next report of this name that has not been waited for. */
  change(name: string): Promise<void>
}

export interface BenchOptions extends Partial<WatchOptions> {
  readonly system?: Partial<WatchSystem>
  /** Files at the start, by their names. */
  readonly files?: Readonly<Record<string, string>>
}

export function bench(context: TestContext, { system, files = {}, ...options }: BenchOptions = {}): Bench {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), 'watch-')))
  const root = join(outer, 'root')
  mkdirSync(root)
  const emitter = new EventEmitter()
  const reported: string[] = []
  const warnings: Warning[] = []
  const seen = new Map<string, number>()
  const path = (name: string): string => join(root, name)
  function write(name: string, text: string): void {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  const watch = createWatch(
    {
      folders: () => [root],
      ignore: [],
      globs: [],
      cwd: root,
      pollMs: undefined,
      onChange(changed, isGlobMatch) {
        reported.push(
          `${isGlobMatch ? '+' : ''}${changed.startsWith(`${root}/`) ? changed.slice(root.length + 1) : changed}`,
        )
        emitter.emit('change')
      },
      onWarning: (warning) => warnings.push(warning),
      ...options,
    },
    { ...nodeSystem, ...system },
  )
  context.after(async () => {
    await watch.close()
    rmSync(outer, { recursive: true, force: true })
  })

  async function change(name: string): Promise<void> {
    const wanted = (seen.get(name) ?? 0) + 1
    const count = (): number => reported.filter((each) => each === name).length
    await new Promise<void>((resolve, reject) => {
      // Nothing else keeps the process alive during the wait.
      const guard = setTimeout(() => {
        reject(new Error(`no change of ${name}, but of: ${reported.join(', ')}`))
      }, deadlineMs)
      function look(): void {
        if (count() < wanted) return void emitter.once('change', look)
        clearTimeout(guard)
        resolve()
      }
      look()
    })
    seen.set(name, count())
  }

  return { root, watch, warnings, reported, path, write, change }
}

/** A system that fails to watch all folders, or some, with an error code. */
export function failing(code: string, fails: (path: string) => boolean = () => true): Partial<WatchSystem> {
  return {
    watch(path, onEvent): FSWatcher {
      if (fails(path)) throw Object.assign(new Error(`${code}: watch`), { code })
      return nodeSystem.watch(path, onEvent)
    },
  }
}
