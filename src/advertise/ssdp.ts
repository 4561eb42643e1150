import type { NetworkAddress } from './interfaces.ts'
import { joinGroup, type Announcer, type MulticastGroup } from './multicast-socket.ts'
import { createReplyBudget } from './reply-budget.ts'

/** UPnP Device Architecture 2.0 section 1.1. */
const ssdpGroup: MulticastGroup = { address: '239.255.255.250', port: 1900, ttl: 2 }
const ssdpHost = `${ssdpGroup.address}:${ssdpGroup.port}`

/** DIAL section 5.1. */
const dialService = 'urn:dial-multiscreen-org:service:dial:1'
/** Seconds for which clients remember an announcement. */
const maxAgeSeconds = 1800
/** Milliseconds between announcements: a lost one is repeated in time. */
const repeatMs = (maxAgeSeconds / 3) * 1000
/** Most milliseconds by which a reply is delayed, so that devices do not all answer at once. `MX` may be lower. */
const mostDelayMs = 500
/** How many times as long as its search an answer may be. Usual searches have 100 to 200 bytes, and answers 300. */
const mostGain = 3

/** A DIAL device that is announced. */
export interface DialDevice {
  /** URL of the device description, with the address of the network. */
  readonly location: string
  /** In the form of RFC 9562. */
  readonly uuid: string
}

/**
 * Whether a message searches for DIAL devices, and for how many milliseconds at most its sender waits. A search by multicast
 * without `HOST` or `MX` is none (UPnP Device Architecture 2.0 section 1.3.2). An `MX` of 0 is out of its range; the answer
 * comes at once then.
 */
function readSearch(message: Buffer): { readonly waitMs: number } | undefined {
  const [start, ...lines] = message.toString('latin1').split('\r\n')
  if (start !== 'M-SEARCH * HTTP/1.1') return undefined
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, Math.max(0, colon)).trim().toUpperCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  if (![ssdpHost, ssdpGroup.address].includes(fields.get('HOST') ?? '')) return undefined
  if (fields.get('MAN') !== '"ssdp:discover"') return undefined
  if (![dialService, 'ssdp:all'].includes(fields.get('ST') ?? '')) return undefined
  const seconds = fields.get('MX') ?? ''
  return /^\d{1,3}$/.test(seconds) ? { waitMs: Number(seconds) * 1000 } : undefined
}

/** An answer, and for how many milliseconds at most it may be delayed. */
interface Answer {
  readonly reply: Buffer
  readonly waitMs: number
}

/**
 * The answer to a message; undefined for anything but a search. A search whose address is forged brings an answer to a device
 * that did not ask, so one that is short for its answer gets none.
 */
export function answerTo(message: Buffer, device: DialDevice): Answer | undefined {
  const search = readSearch(message)
  if (search === undefined) return undefined
  const reply = searchReply(device)
  return reply.length > mostGain * message.length ? undefined : { reply, waitMs: search.waitMs }
}

/** One service, whatever was searched for. */
function searchReply({ location, uuid }: DialDevice): Buffer {
  return messageOf('HTTP/1.1 200 OK', [
    `CACHE-CONTROL: max-age=${maxAgeSeconds}`,
    'EXT:',
    `LOCATION: ${location}`,
    'SERVER: serve8008 UPnP/2.0 DIAL/2.2',
    `ST: ${dialService}`,
    `USN: uuid:${uuid}::${dialService}`,
  ])
}

/** An announcement, or with `byebye` its withdrawal. */
export function notification({ location, uuid }: DialDevice, kind: 'alive' | 'byebye'): Buffer {
  const isAlive = kind === 'alive'
  return messageOf('NOTIFY * HTTP/1.1', [
    `HOST: ${ssdpHost}`,
    ...(isAlive ? [`CACHE-CONTROL: max-age=${maxAgeSeconds}`, 'SERVER: serve8008 UPnP/2.0 DIAL/2.2'] : []),
    // Not required of a withdrawal, but some clients know devices by it.
    `LOCATION: ${location}`,
    `NT: ${dialService}`,
    `NTS: ssdp:${kind}`,
    `USN: uuid:${uuid}::${dialService}`,
  ])
}

function messageOf(start: string, fields: readonly string[]): Buffer {
  return Buffer.from([start, ...fields, '', ''].join('\r\n'))
}

/** Announces a DIAL device on one network, and answers searches from it. */
export async function announceDial(
  device: DialDevice,
  network: NetworkAddress,
  onError: (error: Error) => void,
): Promise<Announcer> {
  const mayReply = createReplyBudget(() => performance.now())
  const timers = new Set<NodeJS.Timeout>()
  const socket = await joinGroup(
    ssdpGroup,
    network,
    (message, from) => {
      const answer = answerTo(message, device)
      if (answer === undefined || !mayReply(from.address)) return
      const delay = Math.random() * Math.min(answer.waitMs, mostDelayMs)
      const timer = setTimeout(() => {
        timers.delete(timer)
        void socket.send(answer.reply, from)
      }, delay).unref()
      timers.add(timer)
    },
    onError,
  )
  const announce = (): void => void socket.send(notification(device, 'alive'))
  announce()
  timers.add(setTimeout(announce, 1000).unref())
  const repeating = setInterval(announce, repeatMs).unref()
  return {
    async withdraw() {
      clearInterval(repeating)
      for (const timer of timers) clearTimeout(timer)
      await socket.send(notification(device, 'byebye'))
      socket.close()
    },
  }
}
