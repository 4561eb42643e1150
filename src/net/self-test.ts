import { createServer, type AddressInfo } from 'node:net'
import { resolveAddresses } from './addresses.ts'
import { bindPort } from './bind.ts'
import { listen, release, systemCode } from './listen.ts'
import { probe } from './probe.ts'
import { explainMisses } from './owners/owners.ts'
import type { Miss, SkippedPort } from './types.ts'
import { isShadowed } from './wildcard-conflict.ts'

/** Where a server would listen. */
export interface TestedAddress {
  /** Address or name; `localhost` is 127.0.0.1 and ::1 together. */
  readonly host: string
  /** Whether `localhost` means every address of this machine. */
  readonly lan: boolean
}

/**
 * Tests which ports a server could have: binds each on every address of the host, and releases it at once. Nothing but
 * that proves that a port is free.
 *
 * @returns those that it could not have, each with the reason.
 * @throws ServeError `E8008_ADDRESS` for a host that this machine does not have
 */
export async function testPorts(ports: readonly number[], { host, lan }: TestedAddress): Promise<SkippedPort[]> {
  const plan = await resolveAddresses(host, lan)
  const misses: Miss[] = []
  for (const port of ports) {
    if (await isShadowed(port, plan.addresses)) {
      misses.push({ port, code: 'EADDRINUSE' })
      continue
    }
    const found = await bindPort(plan, port, () => createServer())
    if (found.refused === undefined) await Promise.all(found.bound.map(({ server }) => release(server)))
    else if (found.refused !== 'EADDRNOTAVAIL') misses.push({ port, code: found.refused })
  }
  return explainMisses(misses, plan.addresses)
}

/** What {@link testLoopback} found: `absent` is an address that this machine does not have. */
export type LoopbackTest = 'works' | 'absent' | 'unreachable'

/** Listens on an address of the loopback and connects to it, as a browser would. Never rejects. */
export async function testLoopback(address: '127.0.0.1' | '::1'): Promise<LoopbackTest> {
  const server = createServer((socket) => socket.on('error', () => {}).end())
  try {
    await listen(server, { host: address, port: 0 })
  } catch (error) {
    return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(systemCode(error)) ? 'absent' : 'unreachable'
  }
  const { port } = server.address() as AddressInfo
  const answer = await probe({ host: address, port })
  server.close()
  return answer === 'answered' ? 'works' : 'unreachable'
}
