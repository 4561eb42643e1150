import type { Holder, SkippedPort } from './types.ts'

/**
 * Makes the record of a port that could not be bound, with its sentence.
 *
 * @param holder the process that holds it, if known
 */
export function skippedPort(
  port: number,
  code: SkippedPort['code'],
  holder: Holder | undefined,
  platform: NodeJS.Platform = process.platform,
): SkippedPort {
  // Windows also says EACCES for ports that a program holds exclusively.
  const denied = code === 'EACCES' && holder === undefined
  return {
    port,
    code,
    holder,
    reason: `${port} ${denied ? denial(port, platform) : `is in use${holderText(holder)}`}`,
  }
}

/** The holder, as the end of a sentence: ` by node (pid 4242: vite)`, ` by a process of another user (uid 1000)`. */
function holderText(holder: Holder | undefined): string {
  if (holder === undefined) return '; the system does not tell by whom'
  const { pid, name, command, uid, hidden } = holder
  if (hidden === 'closing') return ' by a connection that was closed, for up to a minute (TIME_WAIT)'
  const user = uid === undefined ? '' : ` (uid ${uid})`
  if (hidden === 'search') return ` by a process${user} that was not found within 1 s`
  if (hidden === 'elsewhere')
    return ' by a process of yours that is not visible here (a container or another pid namespace)'
  if (hidden === 'user') return ` by a process of another user${user}`
  if (pid === process.pid) return ' by this very process'
  if (pid === undefined) return '; the system does not tell by whom'
  const detail = command === undefined ? `pid ${pid}` : `pid ${pid}: ${command}`
  return ` by ${name ?? 'a program'} (${detail})`
}

function denial(port: number, platform: NodeJS.Platform): string {
  if (platform === 'win32') return 'is reserved by Windows'
  return port < 1024 ? 'needs administrator rights' : 'is not allowed here'
}
