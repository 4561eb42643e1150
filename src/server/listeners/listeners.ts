import type { Advertising } from '../../advertise/advertise.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import type { ResolvedListener } from '../../config/value-types.ts'
import type { Adapter } from '../../http/h1/server.ts'
import { BoundListener } from './bound-listener.ts'
import type { HttpsService } from './https-listener.ts'
import type { Warning } from '../../core/warning.ts'

/** What {@link Listeners} need. */
export interface ListenersOptions {
  readonly config: ResolvedConfig
  readonly adapter: Adapter
  /** Folder of the local authority. Default: the user's. */
  readonly authorityFolder: string | undefined
  /** The hosts that certificates are for, beside the loopback names. */
  readonly hosts: () => readonly string[]
  readonly onWarning: (warning: Warning) => void
  /** Called with the files of a certificate when they were replaced. */
  readonly onReplaced: (files: readonly string[]) => void
}

/** The listeners of a server, from the moment that they are bound until they are closed. */
export class Listeners {
  readonly #options: ListenersOptions
  /** Those that need the same certificates share them. */
  readonly #services = new Map<string, Promise<HttpsService>>()
  #all: readonly ResolvedListener[]
  #bound: readonly BoundListener[] = []
  /** Listeners that are being added or removed. */
  readonly #changing = new Set<Promise<unknown>>()
  #takesHttp2: boolean
  #securePorts: readonly number[] = []
  #certificates: readonly HttpsService['certificates'][] = []
  #advertising: Advertising | undefined

  constructor(options: ListenersOptions) {
    this.#options = options
    this.#all = options.config.listeners
    this.#takesHttp2 = options.config.h2c
  }

  /** The bound ones, in the order of the configuration. */
  get bound(): readonly BoundListener[] {
    return this.#bound
  }

  /** All of them, bound or not. */
  get all(): readonly ResolvedListener[] {
    return this.#all
  }

  get hasTls(): boolean {
    return this.#all.some(({ tls }) => tls)
  }

  /** Bound ports for HTTPS. @param names The listeners. Default: all. */
  portsOf(names: readonly string[] | undefined): readonly number[] {
    if (names === undefined) return this.#securePorts
    return securePorts(this.#bound.filter(({ config }) => names.includes(config.name)))
  }

  /** Whether one of the user's own certificates is for a name. */
  readonly isCertified = (name: string): boolean => this.#certificates.some((each) => each.isNamed(name))

  /** Binds them all, or none. @throws ServeError when no port is free, or a certificate cannot be used. */
  async start(): Promise<void> {
    const listeners = this.#all
    const h2c = this.#takesHttp2
    try {
      // HTTPS first, since redirects of plain requests need its port.
      for (const each of listeners.filter(({ tls }) => tls)) await this.#bind(each, h2c)
      for (const each of listeners.filter(({ tls }) => !tls)) await this.#bind(each, h2c)
    } catch (error) {
      await this.abandon()
      throw error
    }
    this.#set(this.#bound.toSorted((one, other) => listeners.indexOf(one.config) - listeners.indexOf(other.config)))
    await this.#advertise()
  }

  async #advertise(): Promise<void> {
    const { config, onWarning } = this.#options
    const { advertise, base } = config
    if (advertise === undefined) return
    const { createAdvertising } = await import('../../advertise/advertise.ts')
    this.#advertising = createAdvertising({ advertise, base, listeners: () => this.#bound, onWarning })
  }

  /** Closes them all at once, because the server cannot start; it may start later. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#changing)
    const closed = this.#bound.map((each) => each.close())
    for (const each of this.#bound) each.cut()
    await Promise.all(closed)
    await this.#release()
  }

  /** Accepts HTTP/2 on plain ports too, from the next connection on. */
  takeHttp2(): void {
    this.#takesHttp2 = true
    for (const each of this.#bound) each.takeHttp2()
  }

  /** Issues certificates for these hosts too. */
  certify(): void {
    for (const each of this.#certificates) each.follow(this.#options.hosts())
  }

  /**
   * Binds one more.
   *
   * @param onKnown Called before it is bound, when `all` has it, and again when it cannot be bound.
   * @throws ServeError when no port is free, or a certificate cannot be used
   */
  async add(listener: ResolvedListener, onKnown: () => void): Promise<BoundListener> {
    this.#all = [...this.#all, listener]
    onKnown()
    try {
      return await this.#track(this.#bind(listener, this.#takesHttp2))
    } catch (error) {
      this.#forget(listener.name)
      onKnown()
      throw error
    }
  }

  /**
   * Closes one after the exchanges under way, at the latest after `limits.closeMs`.
   *
   * @param onKnown Called when the other ones are known to be left.
   */
  async remove(name: string, onKnown: () => void): Promise<void> {
    const ending = this.#bound.filter(({ config }) => config.name === name)
    this.#set(this.#bound.filter((each) => !ending.includes(each)))
    await this.#track(this.#end(ending, name))
    // Until then its connections are answered as before.
    this.#forget(name)
    onKnown()
    this.#options.adapter.forget(name)
  }

  #forget(name: string): void {
    this.#all = this.#all.filter((each) => each.name !== name)
  }

  /** Stops accepting, waits `limits.closeMs` for replies under way, and cuts the rest. Resolves with how many it cut. */
  async stop(): Promise<number> {
    const changed = Promise.allSettled(this.#changing)
    const known = this.#bound
    await this.#advertising?.close()
    const lost = await this.#end(known)
    await changed
    // Those that were being added.
    const late = await this.#end(this.#bound.filter((each) => !known.includes(each)))
    await this.#release()
    return lost + late
  }

  async #track<Result>(change: Promise<Result>): Promise<Result> {
    this.#changing.add(change)
    try {
      return await change
    } finally {
      this.#changing.delete(change)
    }
  }

  async #bind(listener: ResolvedListener, h2c: boolean): Promise<BoundListener> {
    const { adapter, config } = this.#options
    const { headerMs } = config.limits
    const https = listener.tls ? await this.#service(listener) : undefined
    const bound = await BoundListener.bind(listener, { adapter, headerMs, h2c, https })
    this.#set([...this.#bound, bound])
    return bound
  }

  #set(bound: readonly BoundListener[]): void {
    this.#bound = bound
    this.#securePorts = securePorts(bound)
    this.#advertising?.follow()
    this.#certificates = [...new Set(bound.flatMap(({ https }) => https?.certificates ?? []))]
  }

  #service({ certificates }: ResolvedListener): Promise<HttpsService> {
    const key = JSON.stringify(certificates)
    const known = this.#services.get(key)
    if (known !== undefined) return known
    const opening = this.#openService(certificates)
    this.#services.set(key, opening)
    opening.catch(() => this.#services.delete(key))
    return opening
  }

  async #openService(certificates: ResolvedListener['certificates']): Promise<HttpsService> {
    const { config, adapter, authorityFolder: folder, hosts, onWarning, onReplaced } = this.#options
    const { openHttps } = await import('./https-listener.ts')
    return openHttps({
      certificates,
      limits: config.limits,
      hosts: hosts(),
      folder,
      adapter,
      onWarning,
      onReplaced,
    })
  }

  async #end(ending: readonly BoundListener[], name?: string): Promise<number> {
    const { adapter, config } = this.#options
    adapter.drain(name)
    const closed = Promise.all(ending.map((each) => each.close()))
    let lost = 0
    const timer = setTimeout(() => {
      lost = adapter.cut(name)
      for (const each of ending) each.cut()
    }, config.limits.closeMs)
    await closed
    clearTimeout(timer)
    return lost
  }

  /** Stops following certificates and networks. */
  async #release(): Promise<void> {
    await this.#advertising?.close()
    for (const service of this.#services.values()) (await service.catch(() => undefined))?.close()
    this.#services.clear()
    this.#set([])
  }
}

function securePorts(listeners: readonly BoundListener[]): readonly number[] {
  return listeners.flatMap(({ https, bound: { port } }) => (https === undefined ? [] : [port]))
}
