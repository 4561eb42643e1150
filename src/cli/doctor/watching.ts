import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { note, readText, warning, type Seen } from './check.ts'

/** What the programs of this user watch, and what the kernel allows them together (inotify(7)). */
export interface Watching {
  readonly watches: { readonly used: number; readonly limit: number }
  readonly instances: { readonly used: number; readonly limit: number }
  /** Whether every process was read in time. */
  readonly isWhole: boolean
}

/** Share of a limit from which on the next program may fail. */
const nearly = 0.9
/** Watched folders below which a large project with its tools runs out. */
const fewWatches = 16_384
/** Values that suffice, as other tools recommend them. */
const enough = { watches: 524_288, instances: 1024 }

/** Says how near the limits are. */
export function watchingFindings({ watches, instances, isWhole }: Watching): Seen {
  const least = isWhole ? '' : 'at least '
  const seen = `${least}${watches.used} of ${watches.limit} folders, ${least}${instances.used} of ${instances.limit} watchers`
  const findings = []
  const watchesFix = `sudo sysctl fs.inotify.max_user_watches=${Math.max(enough.watches, watches.limit * 2)}`
  if (watches.used >= watches.limit * nearly) {
    const why = `Your programs watch ${watches.used} of ${watches.limit} folders that the system allows: edits will go unnoticed.`
    findings.push(warning('D8008_WATCHES', why, watchesFix))
  } else if (watches.limit < fewWatches) {
    const why = `The system allows ${watches.limit} watched folders for all programs of a user, which editors and builds use up.`
    findings.push(note('D8008_WATCHES', why, watchesFix))
  }
  if (instances.used >= instances.limit * nearly) {
    const why = `Your programs have ${instances.used} of ${instances.limit} watchers that the system allows: the next one fails.`
    const limit = Math.max(enough.instances, instances.limit * 2)
    findings.push(warning('D8008_WATCHERS', why, `sudo sysctl fs.inotify.max_user_instances=${limit}`))
  }
  return { seen, findings }
}

/** Milliseconds that reading the processes may take, of the second of a check. */
const mostMs = 600

/** Reads limits and use. Only Linux counts what is watched; other systems have no such limit. */
export async function lookAtWatching(proc = '/proc'): Promise<Seen> {
  const limitOf = (name: string): number => Number(readText(`${proc}/sys/fs/inotify/max_user_${name}`) ?? Number.NaN)
  const [watches, instances] = [limitOf('watches'), limitOf('instances')]
  if (Number.isNaN(watches) || Number.isNaN(instances)) return { seen: 'no limit on this system' }
  const { used, isWhole } = await countInotify(proc)
  return watchingFindings({
    watches: { used: used.watches, limit: watches },
    instances: { used: used.instances, limit: instances },
    isWhole,
  })
}

async function countInotify(proc: string): Promise<{ used: { watches: number; instances: number }; isWhole: boolean }> {
  const deadline = performance.now() + mostMs
  const own = process.getuid?.()
  const used = { watches: 0, instances: 0 }
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (performance.now() > deadline) return { used, isWhole: false }
    await nextTurn()
    for (const fd of inotifyDescriptors(`${proc}/${pid}`, own)) {
      used.instances++
      used.watches += readText(`${proc}/${pid}/fdinfo/${fd}`)?.match(/^inotify wd:/gm)?.length ?? 0
    }
  }
  return { used, isWhole: true }
}

/** The limits are for each user, so processes of others do not count. */
function inotifyDescriptors(folder: string, own: number | undefined): string[] {
  try {
    if (statSync(folder).uid !== own) return []
    return readdirSync(`${folder}/fd`).filter((fd) => linkOf(`${folder}/fd/${fd}`) === 'anon_inode:inotify')
  } catch {
    // It has ended.
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
