import { win32 } from 'node:path'
import { javaStore } from './java.ts'
import { linuxSystemStore } from './linux-system.ts'
import { macosStore } from './macos.ts'
import { nssStores } from './nss.ts'
import type { Host, Subject, TrustStore } from './types.ts'
import { windowsStore } from './windows.ts'

/** The trust stores that a machine may have, the system's first. */
export async function trustStores(host: Host, subject: Subject, systemRoot = 'C:\\Windows'): Promise<TrustStore[]> {
  const java = javaStore(host, subject)
  switch (host.platform) {
    case 'win32':
      return [windowsStore(host, subject, win32.join(systemRoot, 'System32', 'certutil.exe')), java]
    case 'darwin':
      return [macosStore(host, subject), java]
    default:
      return [linuxSystemStore(host, subject), ...nssStores(host, subject), ...(await wslStores(host, subject)), java]
  }
}

/** In the Windows Subsystem for Linux, users browse with the browsers of Windows. */
async function wslStores(host: Host, subject: Subject): Promise<TrustStore[]> {
  const program = '/mnt/c/Windows/System32/certutil.exe'
  if (!host.has('/proc/sys/fs/binfmt_misc/WSLInterop') || !host.has(program)) return []
  const { code, stdout } = await host.run(['wslpath', '-w', subject.file])
  return code === 0 ? [windowsStore(host, { ...subject, file: stdout.trim() }, program)] : []
}
