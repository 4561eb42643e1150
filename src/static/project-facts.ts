import { closeSync, fstatSync, opendirSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildFolders, readPackage } from '../core/util/package-json.ts'
import { adviseOn, type ProjectAdvice, type ProjectFacts } from './project-advice.ts'

/** Most entries of the folder that are read. */
const mostNames = 2000
/** Bytes of a page that are read. */
const pageBytes = 64 * 1024

/**
 * Makes the function that advises on the project at the top of a folder. It runs for each missing page, so it reads the
 * folder again only if the folder, `index.html` or `package.json` has changed.
 */
export function createProjectAdvice(root: string): () => ProjectAdvice | undefined {
  let state = ''
  let advice: ProjectAdvice | undefined
  return () => {
    const now = [root, join(root, 'index.html'), join(root, 'package.json')].map(stateOf).join()
    if (now !== state) advice = adviseOn(readFacts(root))
    state = now
    return advice
  }
}

function stateOf(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? '' : `${stat.mtimeMs}/${stat.size}`
  } catch {
    return ''
  }
}

function readFacts(root: string): ProjectFacts {
  const names = namesIn(root)
  const built = buildFolders.flatMap((name) => {
    const page = names.has(name) ? beginning(join(root, name, 'index.html')) : undefined
    return page === undefined ? [] : [[name, page] as const]
  })
  return {
    names,
    index: names.has('index.html') ? beginning(join(root, 'index.html')) : undefined,
    packageJson: names.has('package.json') ? readPackage(join(root, 'package.json')) : undefined,
    built: new Map(built),
  }
}

function namesIn(root: string): Set<string> {
  const names = new Set<string>()
  try {
    const folder = opendirSync(root)
    try {
      for (let entry = folder.readSync(); entry !== null && names.size < mostNames; entry = folder.readSync()) {
        names.add(entry.name)
      }
    } finally {
      folder.closeSync()
    }
  } catch {
    // A folder that cannot be read is not served either.
  }
  return names
}

/** The first bytes of a regular file as text. */
function beginning(path: string): string | undefined {
  try {
    // Opening a pipe would block the server.
    if (!statSync(path).isFile()) return undefined
    const fd = openSync(path, 'r')
    try {
      if (!fstatSync(fd).isFile()) return undefined
      const buffer = Buffer.alloc(pageBytes)
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, pageBytes, 0))
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}
