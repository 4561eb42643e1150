import type { Server, Socket } from 'node:net'

/** As much of a server of Node as has to do with idle connections. */
type IdleServer = Server & { keepAliveTimeout: number; keepAliveTimeoutBuffer?: number }

/** Milliseconds that Node keeps an idle connection open beyond what it tells the client. */
const marginMs = 1000

/**
 * Closes connections that idle for that long. A client is told a second less, so that it does not send its next
 * request while we close. Where Node has no setting for that margin, it would come on top of the shortest times too.
 */
export function boundIdle(server: IdleServer, idleMs: number): void {
  // A fraction is a time that no limit has, and still one that Node takes for a time.
  const toldMs = idleMs > marginMs ? idleMs - marginMs : 0.5
  server.keepAliveTimeout = toldMs
  if ('keepAliveTimeoutBuffer' in server) server.keepAliveTimeoutBuffer = idleMs - toldMs
  else if (idleMs <= marginMs) server.on('connection', (socket: Socket) => replaceTimeout(socket, toldMs, idleMs))
}

/** Node sets the timeout of a connection that turns idle itself, and says so to nobody. */
function replaceTimeout(socket: Socket, toldMs: number, idleMs: number): void {
  const { setTimeout } = socket
  socket.setTimeout = (ms, ...rest) => setTimeout.call(socket, ms === toldMs + marginMs ? idleMs : ms, ...rest)
}
