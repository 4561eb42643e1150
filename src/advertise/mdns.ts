import { hostname } from 'node:os'
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  type RecordType,
  type SrvAnswer,
  type StringAnswer,
  type TxtAnswer,
} from 'dns-packet'
import { machineNames } from '../core/util/machine-names.ts'
import type { NetworkAddress } from './interfaces.ts'
import { joinGroup, type Announcer, type MulticastGroup } from './multicast-socket.ts'
import { createReplyBudget } from './reply-budget.ts'

/** RFC 6762 section 3. */
const mdnsGroup: MulticastGroup = { address: '224.0.0.251', port: 5353, ttl: 255 }

/** Seconds for which clients remember a record with a host name, and another one (RFC 6762 section 10). */
const hostTtl = 120
const otherTtl = 4500
/** Seconds for clients that do not take part in mDNS (RFC 6762 section 6.7). */
const legacyTtl = 10
/** Milliseconds between two questions whether a name is free (RFC 6762 section 8.1). */
const probeMs = 250
/** Milliseconds before the same records are sent again (RFC 6762 section 6). */
const repeatMs = 1000
/** Names that are tried: `Name`, `Name (2)` and so on. */
const mostNames = 9

/** A service that is announced (RFC 6763). */
export interface DnsService {
  /** Such as `_http._tcp`. */
  readonly type: string
  /** What people see. */
  readonly name: string
  readonly port: number
  readonly txt: Readonly<Record<string, string>>
}

/** A record of a service. @internal */
export type ServiceRecord = (SrvAnswer | StringAnswer | TxtAnswer) & { readonly ttl: number }

/** A name as one label (RFC 1035 section 3.1): at most 63 bytes, and no dot, which would end it. */
export function labelOf(name: string): string {
  let label = name.replaceAll('.', '-').trim()
  while (Buffer.byteLength(label) > 63) label = label.replace(/.$/su, '')
  return label
}

/** The name of this machine in mDNS. */
export function localName(host: string = hostname()): string {
  return machineNames(host).find((name) => name.endsWith('.local')) ?? 'serve8008.local'
}

/** The records of a service at an address. Those with `flush` belong to this server alone. */
export function recordsOf(service: DnsService, host: string, address: string): ServiceRecord[] {
  const type = `${service.type}.local`
  const instance = `${labelOf(service.name)}.${type}`
  const txt = Object.entries(service.txt).map(([key, value]) => `${key}=${value}`)
  return [
    { name: type, type: 'PTR', ttl: otherTtl, data: instance },
    {
      name: instance,
      type: 'SRV',
      ttl: hostTtl,
      flush: true,
      data: { priority: 0, weight: 0, port: service.port, target: host },
    },
    { name: instance, type: 'TXT', ttl: otherTtl, flush: true, data: txt.length === 0 ? [''] : txt },
    // Without flush: the system may announce more addresses of this name.
    { name: host, type: 'A', ttl: hostTtl, data: address },
    { name: '_services._dns-sd._udp.local', type: 'PTR', ttl: otherTtl, data: type },
  ]
}

/** The records that answer a query and that its sender does not know yet (RFC 6762 section 7.1). */
export function answersTo({ questions, answers }: Packet, records: readonly ServiceRecord[]): ServiceRecord[] {
  const asked = (questions ?? []).flatMap(({ name, type }) =>
    records.filter((record) => sameName(record.name, name) && [record.type, 'ANY'].includes(type)),
  )
  const known = (answers ?? []) as readonly ServiceRecord[]
  const isKnown = (record: ServiceRecord): boolean =>
    known.some(
      ({ name, type, data, ttl }) =>
        type === record.type && sameName(name, record.name) && data === record.data && ttl > record.ttl / 2,
    )
  return [...new Set(asked)].filter((record) => !isKnown(record))
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/**
 * Announces a service on one network under a name that no other device has, and answers questions from it.
 *
 * @param onRenamed Called with another name if the wanted one is taken.
 */
export async function announceService(
  service: DnsService,
  network: NetworkAddress,
  { onError, onRenamed }: { onError: (error: Error) => void; onRenamed: (name: string) => void },
): Promise<Announcer> {
  const host = localName()
  const mayReply = createReplyBudget(() => performance.now())
  const timers = new Set<NodeJS.Timeout>()
  /** Empty until the name is known to be free. */
  let records: readonly ServiceRecord[] = []
  /** Answers that wait for their turn. */
  const waiting = new Set<ServiceRecord>()
  let sentAt = -repeatMs
  let conflict: ((packet: Packet) => void) | undefined
  let isOver = false

  const after = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms).unref()
    timers.add(timer)
  }

  const respond = (answers: readonly ServiceRecord[]): Promise<void> => {
    const additionals = records.filter((record) => !answers.includes(record) && record.type !== 'PTR')
    return socket.send(encode({ type: 'response', flags: AUTHORITATIVE_ANSWER, answers: [...answers], additionals }))
  }

  function flush(): void {
    const answers = [...waiting]
    if (answers.length === 0) return
    waiting.clear()
    sentAt = performance.now()
    void respond(answers)
  }

  /**
   * By multicast, which clients without a question hear too: once for all that ask within a second. A server that asks whether
   * a name is free does not wait as long (RFC 6762 section 6).
   */
  function answer(found: readonly ServiceRecord[], isProbe: boolean): void {
    const isFirst = waiting.size === 0
    for (const record of found) waiting.add(record)
    const sinceLast = performance.now() - sentAt
    if (isProbe) after(Math.max(0, probeMs - 50 - sinceLast), flush)
    // Shared records are delayed, so that devices do not all answer at once.
    else if (isFirst) after(Math.max(20 + Math.random() * 100, repeatMs - sinceLast), flush)
  }

  const socket = await joinGroup(
    mdnsGroup,
    network,
    (message, from) => {
      const packet = readPacket(message)
      if (packet?.type === 'response') return from.port === mdnsGroup.port ? conflict?.(packet) : undefined
      const found = packet === undefined ? [] : answersTo(packet, records)
      if (packet === undefined || found.length === 0) return
      if (from.port === mdnsGroup.port) return answer(found, (packet.authorities ?? []).length > 0)
      if (!mayReply(from.address)) return
      const answers = found.map((record) => ({ ...record, ttl: Math.min(record.ttl, legacyTtl), flush: false }))
      const { id = 0, questions = [] } = packet
      void socket.send(encode({ type: 'response', flags: AUTHORITATIVE_ANSWER, id, questions, answers }), from)
    },
    onError,
  )

  /** Whether another server has this name. Resolves after three questions without an answer. */
  function isTaken(wanted: readonly ServiceRecord[]): Promise<boolean> {
    const own = wanted.filter(({ type }) => type === 'SRV')
    const [{ name }] = own as [ServiceRecord]
    return new Promise((resolve) => {
      conflict = ({ answers = [], additionals = [] }) => {
        for (const other of [...answers, ...additionals]) {
          if (other.type !== 'SRV' || !sameName(other.name, name)) continue
          // Our own records, from another interface of this machine on the same network.
          const { port, target } = other.data
          if (port !== service.port || !sameName(target, host)) done(true)
        }
      }
      const done = (isFound: boolean): void => {
        conflict = undefined
        resolve(isFound)
      }
      const ask = (left: number): void => {
        if (isOver || conflict === undefined) return done(false)
        if (left === 0) return done(false)
        void socket.send(encode({ type: 'query', questions: [{ name, type: 'ANY' as RecordType }], authorities: own }))
        after(probeMs, () => ask(left - 1))
      }
      after(Math.random() * probeMs, () => ask(3))
    })
  }

  async function start(): Promise<void> {
    for (let i = 1; i <= mostNames && !isOver; i++) {
      const name = i === 1 ? service.name : `${service.name} (${i})`
      const wanted = recordsOf({ ...service, name }, host, network.address)
      if (await isTaken(wanted)) continue
      if (isOver) return
      records = wanted
      if (i > 1) onRenamed(name)
      // RFC 6762 section 8.3: at least two announcements, one second apart.
      flushAll()
      after(repeatMs, flushAll)
      return
    }
  }

  function flushAll(): void {
    for (const record of records) waiting.add(record)
    flush()
  }

  void start()
  return {
    async withdraw() {
      isOver = true
      for (const timer of timers) clearTimeout(timer)
      // RFC 6762 section 10.1. The type and the address of the machine may have other users.
      const own = records.filter(({ name, type }) => type !== 'A' && !name.startsWith('_services.'))
      records = []
      if (own.length > 0) await respond(own.map((record) => ({ ...record, ttl: 0 })))
      socket.close()
    },
  }
}

/** A message of mDNS; undefined for anything else. */
function readPacket(message: Buffer): Packet | undefined {
  try {
    return decode(message)
  } catch {
    return undefined
  }
}
