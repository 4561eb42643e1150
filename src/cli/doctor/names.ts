import { hostname } from 'node:os'
import { lookup } from 'node:dns/promises'
import { isLoopback } from '../../core/util/ip.ts'
import { note, readText, warning, type Seen } from './check.ts'

/** How this system finds the address of a name. */
export interface NameSources {
  /** Names in the hosts file, in lower case. */
  readonly hosts: ReadonlySet<string>
  /** Whether the system itself knows `*.localhost` and the name of this machine, and asks no other machine. */
  readonly knowsLocal: boolean
}

/**
 * Reads from where names come. Only names that are known on this machine are looked up: a query for another one would go to
 * a name server.
 *
 * @param hosts text of the hosts file
 * @param nsswitch text of nsswitch.conf(5); undefined on systems other than Linux
 */
export function nameSources(hosts: string, nsswitch: string | undefined): NameSources {
  const words = hosts.split('\n').flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1))
  const services = /^\s*hosts:(.*)$/m.exec(nsswitch ?? '')?.[1] ?? ''
  return {
    hosts: new Set(words.map((word) => word.toLowerCase())),
    knowsLocal: nsswitch === undefined || /\b(?:myhostname|resolve)\b/.test(services),
  }
}

/** `localhost`, a name below it, and the name of this machine. */
export async function lookAtNames(
  platform: NodeJS.Platform = process.platform,
  host: string = hostname(),
): Promise<Seen> {
  const file = platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'
  const isLinux = platform === 'linux'
  const sources = nameSources(readText(file) ?? '', isLinux ? (readText('/etc/nsswitch.conf') ?? '') : undefined)
  const find = async (name: string): Promise<string[]> =>
    sources.knowsLocal || sources.hosts.has(name.toLowerCase()) ? addressesOf(name) : []
  const [localhost, below, own] = await Promise.all([find('localhost'), find(exampleName), find(host)])
  const base = lookAtLocalhost(localhost)
  const parts = [`localhost is ${base.seen}`]
  const findings = [...(base.findings ?? [])]
  parts.push(`*.localhost ${below.length > 0 ? 'is known' : 'is known to browsers only'}`)
  if (below.length === 0) {
    const why =
      'Browsers and curl know every name below localhost, but this system does not: Node, Python and others find no ' +
      'address for docs.localhost.'
    findings.push(note('D8008_LOCALHOST_NAMES', why, 'echo "127.0.0.1 docs.localhost" | sudo tee -a /etc/hosts'))
  }
  parts.push(`${host} ${own.length > 0 ? `is ${own.join(', ')}` : 'has no address here'}`)
  if (own.length === 0) {
    const why = `This machine does not know its own name, ${host}: some servers and Java wait for a name server at their start.`
    findings.push(note('D8008_OWN_NAME', why, `echo "127.0.1.1 ${host}" | sudo tee -a /etc/hosts`))
  }
  return { seen: parts.join('; '), findings }
}

/** The addresses of `localhost`. */
export function lookAtLocalhost(addresses: readonly string[]): Seen {
  const fix = 'echo "127.0.0.1 localhost" | sudo tee -a /etc/hosts'
  const list = addresses.join(', ')
  if (addresses.length === 0) {
    const why = 'localhost has no address: programs cannot reach servers of this machine by that name.'
    return { seen: 'no address', findings: [warning('D8008_LOCALHOST', why, fix)] }
  }
  const foreign = addresses.filter((address) => !isLoopback(address))
  if (foreign.length > 0) {
    const why = `localhost points to ${foreign.join(', ')}, which is not this machine.`
    return { seen: list, findings: [{ ...warning('D8008_LOCALHOST', why, fix), severity: 'danger' }] }
  }
  if (addresses.length > 1) return { seen: list }
  const [only = ''] = addresses
  const other = only.includes(':') ? '127.0.0.1' : '::1'
  const why = `localhost is ${only} alone. A server on ${other} only is not found by that name; serve8008 listens on both.`
  return { seen: list, findings: [note('D8008_LOCALHOST', why, `echo "${other} localhost" | sudo tee -a /etc/hosts`)] }
}

const exampleName = 'docs.localhost'

async function addressesOf(name: string): Promise<string[]> {
  try {
    const found = await lookup(name, { all: true, verbatim: true })
    return [...new Set(found.map(({ address }) => address))]
  } catch {
    return []
  }
}
