import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { portOf } from './free-port.ts'
import { RawConnection } from './raw.ts'

/** One connection to a {@link Backend}. */
export class BackendSocket extends RawConnection {
  /** Every byte so far. */
  get text(): string {
    return this.buffer.toString('latin1')
  }

  get length(): number {
    return this.buffer.length
  }

  /** Waits until what was received holds a text; false when the connection ended before. */
  sees(text: string): Promise<boolean> {
    return this.until(() => this.text.includes(text))
  }

  /** Waits for the header section of the next request and takes it, with whatever came behind it. */
  async head(): Promise<string> {
    await this.sees('\r\n\r\n')
    const { text } = this
    this.take(this.buffer.length)
    return text
  }
}

/** A server that sends what the test says, and records every byte that it receives. */
export interface Backend extends AsyncDisposable {
  readonly port: number
  /** Every connection so far. */
  readonly sockets: readonly BackendSocket[]
  /** Connections that are open now. */
  readonly open: number
  /** The next connection that was not returned yet. */
  next(): Promise<BackendSocket>
  /** Waits until no connection is open. */
  quiet(): Promise<void>
}

/** Starts a backend. `act` handles each connection. */
export async function startBackend(act?: (connection: BackendSocket) => unknown, host = '127.0.0.1'): Promise<Backend> {
  const sockets: BackendSocket[] = []
  const open = new Set<Socket>()
  const events = new Set<() => void>()
  let taken = 0
  const wake = (): void => {
    for (const event of events) event()
    events.clear()
  }
  const server: Server = createServer((socket) => {
    const connection = new BackendSocket(socket)
    sockets.push(connection)
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      open.delete(socket)
      wake()
    })
    wake()
    void act?.(connection)
  })
  server.listen(await portOf(host), host)
  await once(server, 'listening')
  const change = (): Promise<void> => new Promise((resolve) => events.add(resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    get open() {
      return open.size
    },
    next: async () => {
      while (sockets.length <= taken) await change()
      return sockets[taken++] as BackendSocket
    },
    quiet: async () => {
      while (open.size > 0) await change()
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await Promise.resolve()
    },
  }
}

/** A backend that answers each header section with the same bytes. */
export function answering(bytes: string): Promise<Backend> {
  return startBackend(async (connection) => {
    for (;;) {
      if (!(await connection.sees('\r\n\r\n'))) return
      await connection.head()
      connection.send(bytes)
    }
  })
}
