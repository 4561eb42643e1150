import type { LoadedConfig } from '../../config/load.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import {
  dividedText,
  isDivided,
  loadSelfTest,
  nameHolders,
  ownerName,
  portOwners,
  type Finding,
  type LoopbackTest,
} from '../../scan/scan.ts'
import { note, warning, type Seen } from './check.ts'

/** Most milliseconds to ask what answers on the ports that are in use: the check has a second. */
const askingMs = 300

/** Says which ports of the configuration could be used now, and who holds the others. */
export async function lookAtPorts({ config }: LoadedConfig, servers: readonly RunningServer[]): Promise<Seen> {
  const listeners = config.listeners.filter(({ socket, fd }) => socket === undefined && fd === undefined)
  const looks = await Promise.all(
    listeners.map(async ({ host, lan, ports, fallback }) => {
      const tried = ports.filter((port) => port !== 0)
      const { testPorts } = await loadSelfTest()
      const misses = await nameHolders(await testPorts(tried, { host, lan }), askingMs)
      const { seen, findings = [] } = portFindings(tried, fallback, misses, servers)
      return { seen, findings: [...findings, ...(await dividedPorts(misses.map(({ port }) => port)))] }
    }),
  )
  if (looks.every(({ seen }) => seen === '')) return { seen: 'the system chooses the port' }
  return {
    seen: looks
      .map(({ seen }) => seen)
      .filter((text) => text !== '')
      .join(', '),
    findings: looks.flatMap(({ findings }) => findings),
  }
}

/** The ports that are one program over IPv4 and another over IPv6. */
async function dividedPorts(ports: readonly number[]): Promise<Finding[]> {
  const owners = ports.length === 0 ? [] : await portOwners({ ports })
  return owners.flatMap((one, at) => {
    const other = owners.slice(at + 1).find((each) => isDivided(one, each))
    if (other === undefined) return []
    const which = other.pid === undefined ? '' : ` --pid ${other.pid}`
    const why = dividedText(one, other, [ownerName(one), ownerName(other)])
    return [warning('D8008_TWO_OWNERS', why, `serve8008 free ${one.port}${which}`)]
  })
}

/** The line of one listener. */
export function portFindings(
  ports: readonly number[],
  fallback: boolean,
  misses: readonly { readonly port: number; readonly reason: string }[],
  servers: readonly RunningServer[],
): Seen {
  const parts = ports.map((port) => {
    const own = servers.find((server) => server.port === port || server.tlsPort === port)
    if (own !== undefined) return `${port} is serve8008 (pid ${own.pid})`
    return misses.find((miss) => miss.port === port)?.reason ?? `${port} free`
  })
  const tried = fallback ? ports : ports.slice(0, 1)
  const isFree = (port: number): boolean => !misses.some((miss) => miss.port === port)
  const isOwn = (port: number): boolean => servers.some((server) => server.port === port || server.tlsPort === port)
  const seen = parts.join(', ')
  const [first] = tried
  const findings: Finding[] = []
  if (first === undefined) return { seen, findings }
  const reasonOf = (port: number): string => misses.find((miss) => miss.port === port)?.reason ?? ''
  if (tried.every((port) => !isFree(port))) {
    // One of ours may be meant to run, and a second one is what the user asked about.
    if (!tried.some(isOwn)) {
      const why =
        tried.length === 1 ? `Port ${reasonOf(first)}.` : `No port is free: ${tried.map(reasonOf).join(', ')}.`
      findings.push(warning('D8008_PORTS', why, 'serve8008 --port 0'))
    }
  } else if (!isFree(first) && !isOwn(first)) {
    findings.push(note('D8008_PORT', `Port ${reasonOf(first)}; another one is used.`, `serve8008 free ${first}`))
  }
  return { seen, findings }
}

/** Whether both loopback addresses can be listened on and connected to. */
export async function lookAtLoopback(): Promise<Seen> {
  const { testLoopback } = await loadSelfTest()
  const [ipv4, ipv6] = await Promise.all([testLoopback('127.0.0.1'), testLoopback('::1')])
  return loopbackFindings(ipv4, ipv6)
}

/** Says what the two tests mean. */
export function loopbackFindings(ipv4: LoopbackTest, ipv6: LoopbackTest): Seen {
  const seen = `127.0.0.1 ${ipv4}, ::1 ${ipv6}`
  const findings: Finding[] = []
  for (const [address, test] of [
    ['127.0.0.1', ipv4],
    ['::1', ipv6],
  ] as const) {
    if (test === 'unreachable') {
      const why = `A server on ${address} cannot be reached from this machine: a firewall or a sandbox refuses the connection.`
      findings.push(
        warning('D8008_LOOPBACK', why, address === '::1' ? 'sudo ip6tables -L INPUT -n' : 'sudo iptables -L INPUT -n'),
      )
    }
  }
  if (ipv4 === 'absent') {
    findings.push(warning('D8008_LOOPBACK', 'This machine does not have 127.0.0.1.', 'sudo ip link set lo up'))
  }
  if (ipv6 === 'absent') {
    const why = 'IPv6 is off here, so a program that takes localhost for ::1 alone does not reach serve8008.'
    findings.push(note('D8008_IPV6_OFF', why, 'sudo sysctl net.ipv6.conf.lo.disable_ipv6=0'))
  }
  return { seen, findings }
}
