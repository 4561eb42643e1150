import { sep } from 'node:path'
import { quote } from '../../config/diagnostic.ts'
import { ServeError } from '../../core/serve-error.ts'
import { realPathOrSame } from '../../core/util/disk-name.ts'
import { correctedCommand } from '../args/corrected-command.ts'
import type { Program } from '../process-io.ts'
import { serverPort } from './definition.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { hasPort } from '../server-process.ts'

/**
 * The server that a command means: the one that was named by its port, else the one of this folder, else the only one.
 * `stop` does not take the last: it may be the server of another project.
 *
 * @throws ServeError `E8008_NOT_RUNNING`, `E8008_USAGE` for a port that is none
 */
export function chooseServer(
  servers: readonly RunningServer[],
  port: unknown,
  { argv, cwd }: Pick<Program, 'argv' | 'cwd'>,
  command: 'dashboard' | 'record' | 'reload' | 'stop' | 'tail',
): RunningServer {
  const wrong = Array.isArray(port) ? port.find((each) => !/^\d+$/.test(String(each))) : undefined
  if (wrong !== undefined) {
    throw new ServeError('E8008_USAGE', `--port: ${quote(String(wrong))} is not a port.`, { hint: 'serve8008 status' })
  }
  const named = Array.isArray(port)
    ? servers.filter((server) => port.some((its) => hasPort(server, Number(its))))
    : servers
  // The system names the working directory without symbolic links.
  const real = realPathOrSame(cwd)
  const isWithin = (root: string): boolean => real === root || real.startsWith(root + sep)
  const here = named.filter(
    ({ root, cwd: started }) => started === cwd || (root !== '' && isWithin(realPathOrSame(root))),
  )
  const possible = here.length > 0 ? here : named
  const [server] = possible
  const isMeant = here.length === 1 || (named.length === 1 && (Array.isArray(port) || command !== 'stop'))
  if (server !== undefined && isMeant) return server
  if (server === undefined) {
    const which = Array.isArray(port) ? ` on port ${port.join(', ')}` : ''
    throw new ServeError(
      'E8008_NOT_RUNNING',
      `No server of yours${command === 'reload' ? ' with live reload' : ''} is running${which}.`,
      {
        hint: servers.length > 0 || command === 'stop' ? 'serve8008 status' : 'serve8008',
      },
    )
  }
  const list = possible.map(({ url, root }) => `${url} serves ${root || 'no folder'}`).join(', ')
  const several =
    here.length > 0
      ? 'Several servers of this folder are running'
      : 'Several servers are running, and none of them serves this folder'
  const message = possible.length > 1 ? `${several}: ${list}.` : `No server of this folder is running; ${list}.`
  // The user chooses among several.
  const value = possible.length > 1 ? 'PORT' : server.port
  throw new ServeError('E8008_NOT_RUNNING', message, {
    hint: correctedCommand(argv, { option: 'port', value }, [serverPort]),
  })
}
