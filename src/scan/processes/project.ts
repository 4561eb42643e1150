import { readFile, stat } from 'node:fs/promises'
import { posix, win32 } from 'node:path'
import { printable } from '../../core/util/sanitize.ts'
import type { Project } from '../types.ts'

/** Largest manifest that is read, in bytes. */
const mostBytes = 1024 * 1024
/** Most folders upwards. */
const mostFolders = 32
/** Longest name that is shown. */
const longestName = 60

/** The files that name a project, in the order in which they are asked, each with the name in its text. */
const manifests: Readonly<Record<string, (text: string) => unknown>> = {
  'package.json': jsonName,
  'pyproject.toml': (text) => tomlName(text, /^\[(?:project|tool\.poetry)\]/),
  'go.mod': (text) =>
    /^module\s+"?([^\s"]+)/m
      .exec(text)?.[1]
      ?.replace(/\/v\d+$/, '')
      .split('/')
      .at(-1),
  'Cargo.toml': (text) => tomlName(text, /^\[package\]/),
  'composer.json': jsonName,
}

function jsonName(text: string): unknown {
  return (JSON.parse(text) as { name?: unknown } | null)?.name
}

/** The key `name` of a table. Enough of TOML: names are written on one line. */
function tomlName(text: string, table: RegExp): string | undefined {
  let isInTable = false
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line.startsWith('[')) isInTable = table.test(line)
    const [, , name] = isInTable ? (/^name\s*=\s*(["'])(.*?)\1/.exec(line) ?? []) : []
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * The project that a folder belongs to: the nearest folder upwards with a manifest, not above the root of its Git
 * repository, or that root. A home folder and the root of the file system are no projects.
 *
 * @param root what stands before paths to reach the file system of the process
 * @param homes folders at which the search ends
 */
export async function findProject(
  cwd: string,
  homes: ReadonlySet<string>,
  root: string = '',
  platform: NodeJS.Platform = process.platform,
): Promise<Project | undefined> {
  const { dirname, basename, join } = platform === 'win32' ? win32 : posix
  let folder = cwd
  for (let i = 0; i < mostFolders && folder !== dirname(folder) && !homes.has(folder); i++) {
    for (const [file, nameOf] of Object.entries(manifests)) {
      const text = await readManifest(root + join(folder, file))
      if (text !== undefined) return project(nameIn(text, nameOf) ?? basename(folder), folder, file)
    }
    // A file in a worktree or a submodule.
    const git = await stat(root + join(folder, '.git')).catch(() => undefined)
    if (git !== undefined) return project(basename(folder), folder, '.git')
    folder = dirname(folder)
  }
  return undefined
}

function project(name: string, folder: string, file: string): Project {
  return { name: printable(name, longestName), folder: printable(folder), file }
}

function nameIn(text: string, nameOf: (text: string) => unknown): string | undefined {
  try {
    const name = nameOf(text)
    return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined
  } catch {
    return undefined
  }
}

/** Empty for a manifest that is not readable, or too large. Undefined for none. */
export async function readManifest(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) return undefined
  return found.size > mostBytes ? '' : readFile(path, 'utf8').catch(() => '')
}
