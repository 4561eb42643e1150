import type { Holder, SkippedPort } from '../types.ts'

/**
 * Makes the record of a port that could not be bound, with its sentence.
 *
 * @param holder the process that holds it, if known
 * @param product what answers there, for example `Synapse 1.67.0`
 */
export function skippedPort(
  { port, code, holder }: Omit<SkippedPort, 'reason'>,
  product?: string,
  platform: NodeJS.Platform = process.platform,
): SkippedPort {
  // Windows also says EACCES for ports that a program holds exclusively.
  const denied = code === 'EACCES' && holder === undefined
  const reason = `${port} ${denied ? denial(port, platform) : `is in use${holderText(holder, product)}`}`
  return { port, code, holder, reason }
}

/** The holder, as the end of a sentence: ` by node (pid 4242: vite)`, ` by Synapse 1.67.0 of another user (uid 1000)`. */
function holderText(holder: Holder | undefined, product: string | undefined): string {
  const untold = product === undefined ? '; the system does not tell by whom' : ` by ${product}`
  if (holder === undefined) return untold
  const { pid, name, command, uid, hidden } = holder
  if (hidden === 'closing') return ' by a connection that was closed, for up to a minute (TIME_WAIT)'
  const user = uid === undefined ? '' : ` (uid ${uid})`
  if (hidden === 'search')
    return ` by ${product ?? 'a process'}${user}${product ? ', whose process' : ' that'} was not found within 1 s`
  if (hidden === 'elsewhere')
    return ` by ${product ?? 'a process'} of yours that is not visible here (a container, another pid namespace, or a program with capabilities)`
  if (hidden === 'user') return ` by ${product ?? 'a process'} of another user${user}`
  if (pid === process.pid) return ' by this very process'
  if (pid === undefined) return untold
  const detail = command === undefined || isNamed(command, product) ? `pid ${pid}` : `pid ${pid}: ${command}`
  return ` by ${product ?? name ?? 'a program'} (${detail})`
}

/** Whether a command says no more than the product that it runs: `vite`, `synapse.app.homeserver`. */
function isNamed(command: string, product: string | undefined): boolean {
  const [name = ''] = product?.toLowerCase().split(' ') ?? []
  return name !== '' && !command.includes(' ') && command.toLowerCase().includes(name)
}

function denial(port: number, platform: NodeJS.Platform): string {
  if (platform === 'win32') return 'is reserved by Windows'
  return port < 1024 ? 'needs administrator rights' : 'is not allowed here'
}
