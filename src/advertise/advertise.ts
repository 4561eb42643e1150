import { hostname, type networkInterfaces } from 'node:os'
import type { ResolvedAdvertise } from '../config/value-types.ts'
import { hash128 } from '../core/util/hash128.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import type { Warning } from '../core/warning.ts'
import { reachedAddresses, type AdvertisedListener, type NetworkAddress } from './interfaces.ts'
import { announceService, type DnsService } from './mdns.ts'
import type { Announcer } from './multicast-socket.ts'
import { announceDial } from './ssdp.ts'

/** What {@link createAdvertising} needs. */
export interface AdvertisingOptions {
  readonly advertise: ResolvedAdvertise
  /** The path of the served folder, with slashes at both ends. */
  readonly base: string
  /** The listeners that are bound now. */
  readonly listeners: () => readonly AdvertisedListener[]
  readonly onWarning: (warning: Warning) => void
}

/** Tells devices of the network of a server. */
export interface Advertising {
  /** Follows the listeners and the networks of the machine: withdraws what is gone, announces what is new. */
  follow(): void
  /** Withdraws everything. */
  close(): Promise<void>
}

/** Milliseconds between two looks at the networks of the machine, which a laptop changes. */
const lookMs = 10_000

/** A service on a network, and how to announce it. */
interface Entry {
  /** Equal for the same service at the same address. */
  readonly key: string
  readonly announce: () => Promise<Announcer>
}

/** Announces the services of a server on the networks that reach it, until it is closed. */
export function createAdvertising(options: AdvertisingOptions): Advertising {
  const { listeners, onWarning } = options
  const running = new Map<string, Promise<Announcer>>()
  const ending = new Set<Promise<void>>()
  const warned = new Set<string>()
  let isClosed = false

  function warn(message: string): void {
    if (warned.has(message)) return
    warned.add(message)
    onWarning({ code: 'W8008_ADVERTISE', message, hint: 'serve8008 explain W8008_ADVERTISE' })
  }

  function follow(): void {
    if (isClosed) return
    const entries = new Map(entriesOf(options, listeners(), warn).map((entry) => [entry.key, entry]))
    for (const [key, announcer] of running) {
      if (entries.has(key)) continue
      running.delete(key)
      const end = announcer.then((each) => each.withdraw()).finally(() => ending.delete(end))
      ending.add(end)
    }
    for (const { key, announce } of entries.values()) if (!running.has(key)) running.set(key, announce())
  }

  const looking = setInterval(follow, lookMs).unref()
  follow()
  if (mainOf(listeners()) === undefined)
    warn('No IPv4 network reaches this server, so it is announced nowhere until one does.')
  return {
    follow,
    async close() {
      isClosed = true
      clearInterval(looking)
      const all = [...running.values()]
      running.clear()
      await Promise.all([...ending, ...all.map(async (each) => (await each).withdraw())])
    },
  }
}

type Interfaces = ReturnType<typeof networkInterfaces>

/** The listener that is announced, one for plain HTTP if there is one; undefined where no network reaches any. */
function mainOf(listeners: readonly AdvertisedListener[], interfaces?: Interfaces): AdvertisedListener | undefined {
  const reached = listeners.filter((each) => reachedAddresses(each, interfaces).length > 0)
  return reached.find(({ config }) => !config.tls) ?? reached[0]
}

function nameOf({ name }: ResolvedAdvertise, { bound: { port } }: AdvertisedListener): string {
  return name ?? `${hostname().split('.', 1)[0]} ${port}`
}

/**
 * The name that the network is told, and what is announced: `_http._tcp`, `DIAL at http://192.168.1.2:8008/dd.xml`. Empty
 * where no network reaches the server.
 *
 * @param interfaces Those of the machine. Default: as they are now.
 */
export function announcedServices(
  advertise: ResolvedAdvertise,
  listeners: readonly AdvertisedListener[],
  interfaces?: Interfaces,
): string[] {
  const main = mainOf(listeners, interfaces)
  if (main === undefined) return []
  const { http, googlecast, dial } = advertise
  const [near] = reachedAddresses(main, interfaces)
  return [
    `"${nameOf(advertise, main)}"`,
    ...(http ? [httpType(main)] : []),
    ...(googlecast === undefined ? [] : ['_googlecast._tcp']),
    ...(dial === undefined || main.config.tls ? [] : [`DIAL at http://${near?.address}:${main.bound.port}${dial}`]),
  ]
}

/** Registered names (RFC 6335). Browsers of services know _https too, although few announce it. */
function httpType({ config }: AdvertisedListener): string {
  return config.tls ? '_https._tcp' : '_http._tcp'
}

function entriesOf(
  { advertise, base }: AdvertisingOptions,
  listeners: readonly AdvertisedListener[],
  warn: (message: string) => void,
): Entry[] {
  const main = mainOf(listeners)
  if (main === undefined) return []
  const { http, googlecast, dial } = advertise
  const { port } = main.bound
  const name = nameOf(advertise, main)
  const made = hash128(Buffer.from(`${hostname()} ${name}`)).toString('hex')
  const uuid = advertise.id ?? made.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  const services: DnsService[] = []
  if (http) services.push({ type: httpType(main), name, port, txt: { path: base } })
  if (googlecast !== undefined)
    services.push({ type: '_googlecast._tcp', name, ...castService(name, uuid.replaceAll('-', ''), googlecast) })
  return reachedAddresses(main).flatMap((network) => [
    ...services.map((service) => serviceEntry(service, network, warn)),
    ...(dial === undefined || main.config.tls
      ? []
      : [dialEntry({ location: `http://${network.address}:${port}${dial}`, uuid }, network, warn)]),
  ])
}

function serviceEntry(service: DnsService, network: NetworkAddress, warn: (message: string) => void): Entry {
  return {
    key: JSON.stringify([network.address, service]),
    announce: () =>
      announceService(service, network, {
        onError: (error) => warn(`${service.type} is not advertised on ${network.address}: ${thrownText(error)}.`),
        onRenamed: (name) =>
          warn(`"${service.name}" is taken on this network; ${service.type} is advertised as "${name}".`),
      }),
  }
}

function dialEntry(
  device: { readonly location: string; readonly uuid: string },
  network: NetworkAddress,
  warn: (message: string) => void,
): Entry {
  return {
    key: device.location,
    announce: () =>
      announceDial(device, network, (error) =>
        warn(`DIAL is not advertised on ${network.address}: ${thrownText(error)}.`),
      ),
  }
}

/** What a Chromecast says of itself: `ve` and `ca` are those of a first generation with display. */
function castService(name: string, id: string, port: number): Pick<DnsService, 'port' | 'txt'> {
  const txt = {
    id,
    cd: id,
    rm: '',
    ve: '05',
    md: 'Chromecast',
    ic: '/setup/icon.png',
    fn: name,
    ca: '4101',
    st: '0',
    nf: '1',
  }
  return { port, txt: { ...txt, bs: id.slice(0, 12).toUpperCase(), rs: '' } }
}
