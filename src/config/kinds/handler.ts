import { resolve } from 'node:path'
import * as v from 'valibot'
import type { FetchHandler } from '../../server/fetch-layer.ts'
import { hasFetch } from '../plain-object.ts'
import type { RouteKind } from './kind.ts'

/** A handler of the Fetch API: a function, or an object with the method `fetch`, such as an app of Hono, h3 or srvx. */
export type HandlerSetting = FetchHandler | { readonly fetch: FetchHandler }

/** The key of a route that code answers. */
export interface HandlerKeys {
  /**
   * Code that answers: `(request) => new Response('ok')`, or an object with `fetch`, such as an app of Hono or h3. What it
   * returns undefined for, the served files answer.
   */
  readonly handler?: HandlerSetting | undefined
}

/** An answer by code. */
export interface HandlerAction {
  readonly kind: 'handler'
  /** How it is shown: `(function app)`, `(object Hono)`. */
  readonly handler: string
  /** Absent where a configuration is shown. @internal */
  readonly call?: FetchHandler
}

/** Whether a value is a handler. Middleware of Connect, which has the arguments (req, res, next), is none. @internal */
export function isHandler(value: unknown): value is HandlerSetting {
  return typeof value === 'function' ? value.length < 3 : hasFetch(value)
}

/** @internal */
export const handlerSchema: v.GenericSchema<HandlerSetting> = v.custom<HandlerSetting>(
  isHandler,
  'a function (request) => Response, or an object with fetch',
)

/** The option `handler`: code, or a module that the command loads. */
export interface ResolvedHandler {
  /** How it is shown: `(function app)`, `(object Hono)`, or the absolute path of the module. */
  readonly handler: string
  /** Undefined until the module is loaded. */
  readonly call: FetchHandler | undefined
  /** Absolute path of the module. */
  readonly file: string | undefined
}

/** Resolves the option `handler`. @internal */
export function resolveHandler(given: HandlerSetting | string | false, cwd: string): ResolvedHandler | undefined {
  if (given === false || given === '') return undefined
  if (typeof given !== 'string') return { handler: shown(given), call: callOf(given), file: undefined }
  const file = resolve(cwd, given)
  return { handler: file, call: undefined, file }
}

/** @internal */
export const handlerKind: RouteKind<HandlerKeys, HandlerAction> = {
  keys: { handler: handlerSchema },
  isForwarded: true,
  isCode: true,
  label: ['Handler', 'Handler'],
  resolve: ({ handler }) => ({
    kind: 'handler',
    handler: shown(handler as HandlerSetting),
    call: callOf(handler as HandlerSetting),
  }),
  redact: ({ kind, handler }) => ({ kind, handler }),
  // Only a configuration that is shown has none.
  handle: ({ call }, { answer, files }) => answer(call as FetchHandler)(files),
  describe: ({ handler }) => handler,
  explain: ({ handler }) => `answered by ${handler}`,
  phrase: ({ handler }) => ['is answered by', 'was answered by', handler],
  settings: ({ call }) => ({ handler: call }),
}

const calls = new WeakMap<object, FetchHandler>()

/** One function for each handler, so that an unchanged route equals itself. Configurations are frozen, and an app must not be. */
/** @internal */
export function callOf(handler: HandlerSetting): FetchHandler {
  if (typeof handler === 'function') return handler
  const call = calls.get(handler) ?? ((request, context) => handler.fetch(request, context))
  calls.set(handler, call)
  return call
}

function shown(handler: HandlerSetting): string {
  if (typeof handler === 'function') return handler.name === '' ? '(function)' : `(function ${handler.name})`
  const name = handler.constructor?.name ?? 'Object'
  return name === 'Object' ? '(object with fetch)' : `(object ${name})`
}
