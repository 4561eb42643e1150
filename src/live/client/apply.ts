import type { Change, Session } from '../protocol.ts'
import { onEvent, rootsOf, visibilityState } from './dom.ts'
import { frameSwaps, swapMedia } from './media.ts'
import { swapModuleStyle } from './module-styles.ts'
import type { Morph } from './morph.ts'
import { console, setTimeout, settleWithin } from './saved-globals.ts'
import { reloadPage, loopMs } from './reload.ts'
import type { Resources } from './resources.ts'
import { swapStyle } from './styles.ts'
import { toast } from './toast.ts'

/** Most milliseconds that an update waits for files that the browser would otherwise take from its cache. */
const refreshMs = 1000

/** What {@link createApply} needs. */
export interface ApplyOptions {
  /** Path of the document. */
  readonly documentPath: string
  readonly resources: Resources
  readonly morph: Morph
  readonly session: () => Session | undefined
}

/** Applies changes to the page. */
export interface Apply {
  /** @param isLate Whether the changes may be older than the document that the client has remembered. */
  changes(changes: readonly Change[], isLate: boolean): void
  reload(): void
}

/** Collects changes while the page is hidden or an update runs, and applies them together. */
export function createApply({ documentPath, resources, morph, session }: ApplyOptions): Apply {
  let waiting = new Map<string, Change>()
  let mustReload = false
  let busy = false
  let isWaiting = false
  let count = 0

  async function flush(): Promise<void> {
    if (busy || visibilityState(document) === 'hidden' || (waiting.size === 0 && !mustReload)) return
    busy = true
    const changes = [...waiting.values()]
    waiting = new Map()
    try {
      if (session()?.cached === true) {
        await settleWithin(refreshMs, Promise.allSettled(changes.map(({ path }) => resources.refresh(path))))
      }
      if (mustReload || !(await applyAll(changes))) reload()
      else if (session()?.toast === true) toast(`Updated ${names(changes)}`)
    } catch {
      reload()
    }
    busy = false
    void flush()
  }

  function reload(): void {
    mustReload = false
    if (isWaiting || reloadPage(false)) return
    // A reload loop continues slowly, and a user who saves often still gets the last state.
    isWaiting = true
    setTimeout(() => {
      if (visibilityState(document) !== 'hidden') return void reloadPage(true)
      isWaiting = false
      mustReload = true
    }, loopMs)
    const text = `The page was reloaded too often within a few seconds. The next reload is in ${loopMs / 1000} s.`
    console.warn(`serve8008: ${text}`)
    toast(text)
  }

  /** False if the page needs a reload. Where that is known beforehand, nothing is changed first. */
  async function applyAll(changes: readonly Change[]): Promise<boolean> {
    const isMorph = session()?.reload === 'morph'
    const isOwn = ({ kind, path }: Change): boolean => kind === 'document' && path === documentPath
    if (changes.some((change) => (isOwn(change) ? !isMorph : isReadByScript(change)))) return false
    const stamp = `${Date.now().toString(36)}${count++}`
    for (const change of changes) {
      if (!isOwn(change) && !(await applyOne(change, stamp))) return false
    }
    return !changes.some(isOwn) || morph.update()
  }

  /** Whether a script of the page has read the file: then only a reload updates it. */
  function isReadByScript({ kind, path }: Change): boolean {
    const initiators = resources.initiators(path)
    if (initiators.has('fetch') || initiators.has('xmlhttprequest')) return true
    // A style sheet that a script loads is a CSS module, which can be replaced.
    return kind === 'other' || (kind !== 'style' && initiators.has('script'))
  }

  async function applyOne({ kind, path }: Change, stamp: string): Promise<boolean> {
    if (kind === 'style') {
      const isLinked = await swapStyle(path, stamp)
      if (isLinked && [...resources.initiators(path)].every((type) => type === 'link' || type === 'css')) return true
      return (await swapModuleStyle(resources.addresses(path), stamp)) || isLinked
    }
    if (kind === 'media') return swapMedia(path, stamp)
    if (kind !== 'document') return false
    // A page in a frame has its own client, unless the frame is sandboxed.
    const frames = rootsOf(document).flatMap((root) => frameSwaps(root, path, stamp))
    for (const frame of frames) frame.run()
    const initiators = [...resources.initiators(path)]
    return frames.length > 0 || (initiators.length > 0 && initiators.every((type) => type === 'link'))
  }

  onEvent(document, 'visibilitychange', () => void flush())
  return {
    changes(changes, isLate) {
      for (const change of changes) waiting.set(change.path, change)
      // The client does not have the document that the page was loaded with, so it cannot compare.
      if (isLate && changes.some(({ kind }) => kind === 'document')) mustReload = true
      void flush()
    },
    reload() {
      mustReload = true
      void flush()
    },
  }
}

function names(changes: readonly Change[]): string {
  const [first, ...rest] = changes.map(({ path }) => path.slice(path.lastIndexOf('/') + 1) || path)
  return rest.length === 0 ? String(first) : `${first} and ${rest.length} more`
}
