import * as v from 'valibot'
import type { Server8008 } from '../../server/types.ts'
import type { PlainOptions } from '../server-config.ts'
import { option, type Option } from './option.ts'
import { listOf } from './shapes.ts'

/** Changed files, for {@link Plugin.change}. */
export interface ChangeEvent {
  /** Absolute paths: files that open pages use, and files that `watch` matches. */
  readonly paths: readonly string[]
}

/** What a hook may return, or a promise of it. */
type Result<Value> = Value | void | Promise<Value | void>

/** Extends a server. Hooks are called in the order of the list `plugins`; an error names the plugin and the hook. */
export interface Plugin {
  /** The name in errors, in `serve8008 check` and in `server.config`. */
  readonly name: string
  /**
   * Changes options before they are checked. It gets those of every source, frozen and as they were written, and returns
   * the ones to change: they replace those of the program or the config file; entries of `headers`, `mounts`, `proxy`
   * and `limits` are added. Environment and flags stay stronger. A promise is awaited in a config file only.
   */
  readonly options?: ((options: PlainOptions) => Result<PlainOptions>) | undefined
  /**
   * Called with the server before it listens, to call `use`, `on` and `routes.add`. A promise is awaited before the
   * next plugin, the first request and `listen()`. What it adds is removed when the config file is edited.
   */
  readonly configureServer?: ((server: Server8008) => void | Promise<void>) | undefined
  /** Frees what `configureServer` opened: after the last reply, or when an edit of the config file replaces the plugin. */
  readonly closeServer?: (() => void | Promise<void>) | undefined
  /**
   * Called with changed files before pages are updated; a promise is awaited. It returns the paths to update pages for
   * instead, as `server.reload(paths)` takes them: those that it built, or none to update no page. Without a result the
   * changed files count. The next plugin gets the result. After an error pages show it and are not updated.
   */
  readonly change?: ((event: ChangeEvent) => Result<readonly string[]>) | undefined
}

/** What a list of plugins may hold: falsy values are left out, as in `isTest && mock()`. */
type ListedPlugin = Plugin | false | null | undefined

const hooks = ['options', 'configureServer', 'closeServer', 'change'] as const

function isListed(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true
  const { name, ...rest } = value as Plugin
  return (
    typeof name === 'string' &&
    name !== '' &&
    hooks.every((hook) => ['undefined', 'function'].includes(typeof rest[hook]))
  )
}

/** Code that extends the server. */
export class PluginOptions {
  /** Plugins, in the order in which they are called. Falsy values are left out. */
  readonly plugins: Option<readonly ListedPlugin[], readonly Plugin[]> = option({
    schema: listOf(v.custom<ListedPlugin>(isListed, 'a plugin'), 'a list of plugins'),
    isCode: true,
    kind: 'value',
    valueName: 'LIST',
    parse: () => ({ value: undefined }),
    default: [],
    description: 'Plugins, which extend the server.',
    takesEdits: true,
    accepts: 'a list of objects with a name and hooks, for example [{ name, configureServer(server) {} }]',
    correct(value) {
      if (value instanceof Promise) return 'await it: plugins: [await plugin()]'
      return typeof value === 'function' ? 'call it: plugins: [plugin()]' : undefined
    },
    // Bound to the objects of the program, which may keep state in them: the configuration is frozen.
    resolve: (plugins) => plugins.flatMap((plugin) => (plugin ? bound(plugin) : [])),
    redact: (plugins) => plugins.map(({ name }) => name),
  })
}

function bound(plugin: Plugin): Plugin {
  const methods = hooks.map((hook) => [hook, plugin[hook]?.bind(plugin)] as const)
  return { name: plugin.name, ...Object.fromEntries(methods.filter(([, method]) => method !== undefined)) }
}

/** The definitions. @internal */
export const pluginOptions: PluginOptions = new PluginOptions()
