import type { ListenOptions, Server } from 'node:net'

/**
 * Starts to listen. Resolves when the server listens. `exclusive` makes a worker of node:cluster bind the port itself:
 * the primary, which would share its port, reports a held port as free.
 *
 * @throws the system's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` …)
 */
export function listen(server: Server, options: ListenOptions | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      server.off('listening', settle)
      server.off('error', settle)
      if (error === undefined) resolve()
      else reject(error)
    }
    server.once('listening', settle)
    server.once('error', settle)
    server.listen({ ...options, exclusive: true })
  })
}

/** Stops listening. For a server without connections. */
export function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** The system's code of an error, or the empty string. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
