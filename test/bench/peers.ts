/** Who is compared, and how each is found. */
import { mkdirSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtCommand } from '../../scripts/build.ts'
import { fromRoot } from '../../scripts/paths.ts'
import { runNpm } from '../../scripts/run.ts'
import { nativePeers } from './native-peers.ts'
import { nodePeers } from './node-peers.ts'
import { isInstalled } from './processes.ts'

/** What a server is started for. */
export type Task = 'files' | 'spa' | 'brotli' | 'proxy' | 'tls' | 'tls proxy'

/** Where a server runs. */
export interface Place {
  /** Its own folder for configuration and scratch files. */
  readonly folder: string
  /** The folder that it serves. */
  readonly site: string
  /** On 127.0.0.1. */
  readonly port: number
  /** Port of the server behind a proxy, on 127.0.0.1. */
  readonly backend: number
  /** Files in PEM. */
  readonly cert: string
  readonly key: string
}

/** A server that is compared. */
export interface Peer {
  readonly name: string
  /** What npm calls it, with its version; none for a program of the system. */
  readonly packages?: readonly string[]
  /** The program of the system, and the Debian package it comes from. */
  readonly program?: string
  /**
   * The command line for a task, as the README of the server has it, with its log off. Undefined when its README has no
   * way to do that.
   *
   * @param installed Folder with the `node_modules` of its packages.
   */
  command(task: Task, place: Place, installed: string): readonly string[] | undefined
}

/** A peer that is here. */
export interface Contender {
  readonly name: string
  /** A build of serve8008, another server on Node, or one whose code is compiled before it starts. */
  readonly kind: 'ours' | 'node' | 'native'
  command(task: Task, place: Place): readonly string[] | undefined
}

/** The name of the command that is built from these sources. */
export const ours = 'serve8008'

/** The command line of serve8008 as built, with its defaults, log off. */
function ourCommand(script: string, task: Task, { site, port, backend }: Place): string[] {
  const usual = [process.execPath, script, site, '--log', 'none']
  const plain = ['--port', String(port)]
  const secure = ['--port', '0', '--tls', '--tls-port', String(port)]
  const route = ['--proxy', `/=http://127.0.0.1:${backend}`]
  if (task === 'tls') return [...usual, ...secure]
  if (task === 'tls proxy') return [...usual, ...secure, ...route]
  if (task === 'proxy') return [...usual, ...plain, ...route]
  return [...usual, ...plain, ...(task === 'spa' ? ['--spa'] : [])]
}

/** serve8008 as built from these sources, and further builds of it by name and script. */
export async function ourBuilds(further: Readonly<Record<string, string>> = {}): Promise<Contender[]> {
  const builds = { [ours]: await builtCommand(), ...further }
  return Object.entries(builds).map(([name, script]) => ({
    name,
    kind: 'ours',
    command: (task, place) => ourCommand(script, task, place),
  }))
}

/**
 * Finds the others, and fetches packages that are not here into `.cache/bench`, which no package holds and no test reads.
 *
 * @returns those that are here, and for each of the others why it is absent.
 */
export async function findPeers(): Promise<{ contenders: Contender[]; absent: string[] }> {
  const contenders: Contender[] = []
  const absent: string[] = []
  for (const peer of [...nodePeers, ...nativePeers]) {
    const installed = peer.packages === undefined ? '' : await install(peer.packages)
    if (installed === undefined) absent.push(`${peer.name}: npm could not install ${peer.packages?.join(' ')}`)
    else if (peer.program !== undefined && !isInstalled(peer.program))
      absent.push(`${peer.name}: apt-get install ${peer.program}`)
    else
      contenders.push({
        name: peer.name,
        kind: peer.program === undefined ? 'node' : 'native',
        command: (task, place) => peer.command(task, place, installed),
      })
  }
  return { contenders, absent }
}

/** Each set of packages has a folder of its own, so that one that fails takes no other along. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  if (packages.length === 0) return ''
  const folder = fromRoot('.cache/bench', packages.join('+').replaceAll('/', '-'))
  const done = join(folder, 'installed')
  if (existsSync(done)) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { code } = await runNpm(['install', '--save-exact', ...quiet, ...packages], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (code !== 0) return undefined
  writeFileSync(done, '')
  return folder
}
