import type { Plugin } from '../config/options/plugins.ts'
import { quote } from '../config/diagnostic.ts'
import { pluginError } from '../config/sources/plugin-options.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Layer } from '../http/message/exchange.ts'
import type { RouteControl, Server8008, SiteControl } from './types.ts'

/** What plugins need of a server beside its public methods. */
export interface PluginAccess {
  readonly server: Server8008
  /** Removes layers that were added by `use`. */
  readonly removeLayers: (layers: readonly Layer[]) => void
  /** Makes requests wait, or no longer. */
  readonly hold: (until: Promise<void> | undefined) => void
  /** Reports an error that no caller gets. */
  readonly report: (error: ServeError) => void
}

/** A plugin that was set up. */
interface Active {
  readonly plugin: Plugin
  /** Removes what it added to the server. */
  readonly remove: () => Promise<void>
}

/** The plugins of a server: sets them up, asks them about changes, and closes or replaces them. */
export class PluginHost {
  readonly #access: PluginAccess
  #active: Active[] = []
  #isClosed = false
  /** Settles when every plugin is set up; undefined where none has to wait. */
  ready: Promise<void> | undefined

  constructor(access: PluginAccess) {
    this.#access = access
  }

  /**
   * Sets plugins up, in order. Requests wait for those that return a promise; where one fails, each request does.
   *
   * @throws ServeError `E8008_PLUGIN`; `ready` rejects with it where it comes later
   */
  start(plugins: readonly Plugin[]): void {
    let waits: Promise<void> | undefined
    try {
      waits = this.#setUp(plugins)
    } catch (error) {
      void this.#end()
      throw error
    }
    if (waits === undefined) return
    this.ready = waits.catch(async (error: unknown) => {
      await this.#end()
      this.#access.server.use(() => () => {
        throw error
      })
      throw error
    })
    this.#hold(this.ready)
  }

  /**
   * Replaces all plugins while requests wait. The old ones end first: both may need the same port or file.
   *
   * @param apply called in between; `revert` undoes it where it or a new plugin fails, and the old plugins are set up again
   * @throws ServeError `E8008_PLUGIN`, or what `apply` throws
   */
  async replace(plugins: readonly Plugin[], apply: () => void, revert: () => void): Promise<void> {
    const former = this.#active.map(({ plugin }) => plugin)
    const replaced = (async () => {
      await this.#end()
      try {
        apply()
        await this.#setUp(plugins)
      } catch (error) {
        await this.#end()
        revert()
        await this.#setUp(former)
        throw error
      }
    })()
    this.#hold(replaced)
    await replaced
  }

  /**
   * Asks the plugins what to update for changed files. An error is shown on the pages, which are not updated.
   *
   * @returns the paths that replace the changed ones, if any; undefined where no plugin wants to know
   */
  change(paths: readonly string[]): Promise<readonly string[] | undefined> | undefined {
    const asked = this.#active.filter(({ plugin }) => plugin.change !== undefined)
    return asked.length === 0 ? undefined : this.#ask(asked, paths)
  }

  /** Ends all plugins, the last one first. Errors are reported. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { plugin } of this.#active.splice(0).toReversed()) await this.#close(plugin)
  }

  #hold(until: Promise<void>): void {
    const release = (): void => this.#access.hold(undefined)
    this.#access.hold(until.then(release, release))
  }

  #setUp(plugins: readonly Plugin[]): Promise<void> | undefined {
    // The server may close while a plugin is set up.
    if (this.#isClosed) return this.#end()
    for (const [at, plugin] of plugins.entries()) {
      const waits = this.#configure(plugin)
      if (waits !== undefined) return waits.then(() => this.#setUp(plugins.slice(at + 1)))
    }
    return undefined
  }

  #configure(plugin: Plugin): Promise<void> | undefined {
    const { name } = plugin
    const { server, remove } = this.#lend(name)
    const fail = (cause: unknown): never => {
      void remove()
      throw pluginError(name, 'configureServer', cause)
    }
    const done = (result: unknown): void => {
      if (typeof result === 'function') fail(returnedFunction(name))
      this.#active.push({ plugin, remove })
    }
    let result: unknown
    try {
      result = plugin.configureServer?.(server)
    } catch (cause) {
      return fail(cause)
    }
    if (!(result instanceof Promise)) return done(result) as undefined
    return (async () => done(await result.catch(fail)))()
  }

  /** The server for one plugin: what the plugin adds to it can be removed together. */
  #lend(name: string): Pick<Active, 'remove'> & { readonly server: Server8008 } {
    const { server, removeLayers, report } = this.#access
    const layers: Layer[] = []
    const undo: (() => unknown)[] = []
    const own: Partial<Server8008> = {
      use(layer) {
        server.use(layer)
        layers.push(layer)
        return lent
      },
      on(event, listener) {
        server.on(event, listener)
        undo.push(() => {
          server.off(event, listener)
          // For the plugin this is the end of its server.
          if (event === 'close') attempt(name, listener as () => unknown, report)
        })
        return lent
      },
      routes: routesOf(server.routes, undo),
      sites: sitesOf(server.sites, undo),
    }
    const lent: Server8008 = new Proxy(server, {
      get(target, key) {
        if (Object.hasOwn(own, key)) return own[key as keyof Server8008]
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const remove = async (): Promise<void> => {
      if (layers.length > 0) removeLayers(layers.splice(0))
      await Promise.all(
        undo
          .splice(0)
          .toReversed()
          .map((each) => each()),
      )
    }
    return { server: lent, remove }
  }

  async #end(): Promise<void> {
    const ended = this.#active.splice(0).toReversed()
    const removed = ended.map(({ remove }) => remove())
    for (const { plugin } of ended) await this.#close(plugin)
    await Promise.all(removed)
  }

  async #close({ name, closeServer }: Plugin): Promise<void> {
    try {
      await closeServer?.()
    } catch (cause) {
      this.#access.report(pluginError(name, 'closeServer', cause))
    }
  }

  async #ask(asked: readonly Active[], paths: readonly string[]): Promise<readonly string[] | undefined> {
    let current: readonly string[] | undefined
    for (const { plugin } of asked) {
      try {
        const result: unknown = await plugin.change?.({ paths: current ?? paths })
        if (result === undefined || result === null) continue
        if (!isPathList(result)) throw new TypeError(`it returned ${quote(result)} instead of a list of paths`)
        current = result
      } catch (cause) {
        const error = pluginError(plugin.name, 'change', cause)
        this.#access.server.showError({ title: `Plugin ${plugin.name}`, message: error.message })
        this.#access.report(error)
        return []
      }
      if (current.length === 0) return current
    }
    return current
  }
}

/** Makes the host of a server's plugins. */
export function createPluginHost(access: PluginAccess): PluginHost {
  return new PluginHost(access)
}

function routesOf(routes: RouteControl, undo: (() => unknown)[]): RouteControl {
  return {
    add(route) {
      const id = routes.add(route)
      undo.push(() => void routes.remove(id))
      return id
    },
    remove: (id) => routes.remove(id),
    replace: (options) => routes.replace(options),
    list: () => routes.list(),
  }
}

function sitesOf(sites: SiteControl, undo: (() => unknown)[]): SiteControl {
  return {
    async add(options) {
      const added = await sites.add(options)
      // The last one stays.
      undo.push(() => sites.remove(added.name).catch(() => false))
      return added
    },
    remove: (name) => sites.remove(name),
    list: () => sites.list(),
  }
}

function isPathList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((path) => typeof path === 'string' && path !== '')
}

function attempt(name: string, listener: () => unknown, report: PluginAccess['report']): void {
  void Promise.resolve()
    .then(listener)
    .catch((cause: unknown) => report(pluginError(name, 'on("close")', cause)))
}

/** In Vite it is called behind the middleware of Vite, and some programs would call it at the end. */
function returnedFunction(name: string): ServeError {
  return new ServeError('E8008_PLUGIN', `configureServer() of the plugin ${quote(name)} returned a function.`, {
    hint: 'free what it opened in closeServer()',
  })
}
