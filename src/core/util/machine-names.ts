import { hostname } from 'node:os'

/** The names of this machine in lower case: its host name, the first label of it, and that under `.local` (RFC 6762 section 3). */
export function machineNames(host: string = hostname()): string[] {
  const full = host.toLowerCase().replace(/\.$/, '')
  const label = full.split('.', 1)[0] as string
  return label === '' ? [] : [...new Set([full, label, `${label}.local`])]
}
