import type { Handler } from '../http/message/exchange.ts'
import type { FetchAnswer } from '../http/fetch.ts'
import type * as CheckArguments from './check-arguments.ts'
import type { Server8008 } from './types.ts'

/** A server as a handler of the Fetch API. Its functions need no `this`: programs pass them on alone. */
export interface ServerFetch extends Pick<Server8008, 'fetch' | 'tryFetch'> {
  /** Ends what is under way. */
  close(): Promise<void>
}

/** What it needs is loaded with the first request. */
export function createServerFetch(handle: Handler, bodyBytes: number): ServerFetch {
  let loaded: Promise<FetchAnswer & typeof CheckArguments> | undefined
  function load(): Promise<FetchAnswer & typeof CheckArguments> {
    loaded ??= Promise.all([import('../http/fetch.ts'), import('./check-arguments.ts')]).then(
      ([{ createFetchAnswer }, checks]) => ({ ...createFetchAnswer(handle, bodyBytes), ...checks }),
    )
    return loaded
  }

  return {
    async fetch(input, init) {
      const { answer, toRequest } = await load()
      return await answer(toRequest('fetch', input, init))
    },
    async tryFetch(input, init) {
      const { offer, toRequest } = await load()
      return await offer(toRequest('tryFetch', input, init))
    },
    async close() {
      ;(await loaded)?.close()
    },
  }
}
