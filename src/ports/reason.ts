import type { Holder, SkippedPort } from './types.ts'

/**
 * Makes the record of a port that could not be had, with its sentence.
 *
 * @param holder who has it, as far as that is known
 */
export function skippedPort(
  port: number,
  code: SkippedPort['code'],
  holder: Holder | undefined,
  platform: NodeJS.Platform = process.platform,
): SkippedPort {
  // Windows says EACCES for ports that are held exclusively, too.
  const denied = code === 'EACCES' && holder === undefined
  return {
    port,
    code,
    holder,
    reason: `${port} ${denied ? denial(port, platform) : `is held by ${holderText(holder)}`}`,
  }
}

/** The holder as the end of a sentence: `node (pid 4242: vite)`, `a process of another user (uid 1000)`. */
function holderText(holder: Holder | undefined): string {
  if (holder === undefined) return 'another program (hidden)'
  const { pid, name, command, uid } = holder
  if (pid === process.pid) return 'this very process'
  if (pid === undefined)
    return uid === undefined ? 'another program (hidden)' : `a process of another user (uid ${uid})`
  const detail = command === undefined ? `pid ${pid}` : `pid ${pid}: ${command}`
  return `${name ?? 'a program'} (${detail})`
}

function denial(port: number, platform: NodeJS.Platform): string {
  if (platform === 'win32') return 'is reserved by Windows'
  return port < 1024 ? 'needs root here' : 'is not allowed here'
}
