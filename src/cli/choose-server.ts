import { sep } from 'node:path'
import { ServeError } from '../errors/serve-error.ts'
import type { RunningServer } from './running-servers.ts'

/**
 * The server that a command means: the one that was named by its port, else the one of this folder, else the only one.
 *
 * @throws ServeError `E8008_NOT_RUNNING`
 */
export function chooseServer(
  servers: readonly RunningServer[],
  port: unknown,
  cwd: string,
  command: 'reload' | 'stop',
): RunningServer {
  const named = Array.isArray(port) ? servers.filter((server) => port.includes(String(server.port))) : servers
  const here = named.filter(({ root, cwd: started }) => started === cwd || root === cwd || cwd.startsWith(root + sep))
  const [server] = here.length > 0 ? here : named
  if (server !== undefined && (here.length === 1 || named.length === 1)) return server
  if (server === undefined) {
    const which = Array.isArray(port) ? ` on port ${port.join(', ')}` : ''
    throw new ServeError(
      'E8008_NOT_RUNNING',
      `No server of yours${command === 'reload' ? ' with live reload' : ''} is running${which}.`,
      {
        hint: servers.length > 0 ? 'serve8008 status' : 'serve8008',
      },
    )
  }
  const several = (here.length > 0 ? here : named).map(({ url, root }) => `${url} serves ${root}`)
  throw new ServeError('E8008_NOT_RUNNING', `Several servers are running: ${several.join(', ')}.`, {
    hint: `serve8008 ${command} --port ${server.port}`,
  })
}
