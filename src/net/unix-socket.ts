import { chmodSync, existsSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ServeError } from '../core/serve-error.ts'
import { printable } from '../core/util/sanitize.ts'
import { probe } from './probe.ts'
import { listen, release, systemCode } from './listen.ts'

/**
 * Listens on a unix socket, or on a Windows pipe. Replaces a socket file on which no server answers: a crash left it. Only
 * its owner may use the new one, and Node removes it when the server closes.
 *
 * @throws ServeError `E8008_SOCKET` when the path is in use or cannot be used
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const isPipe = /^[\\/]{2}[.?][\\/]pipe[\\/]/i.test(path)
  if (!isPipe) await removeStale(path)
  try {
    const listening = listen(server, { path })
    // That call made the file, and nothing else has run since. Not by process.umask(), which would also change files that
    // other parts of the program make.
    if (!isPipe && server.listening) chmodSync(path, 0o600)
    await listening
  } catch (error) {
    if (server.listening) await release(server)
    const code = systemCode(error)
    if (code === 'EADDRINUSE') throw socketError(path, 'is held by another server', error)
    if (!isPipe && !existsSync(dirname(path))) throw missingFolder(path, error)
    throw socketError(path, `cannot be made (${code})`, error)
  }
}

/** Listens on a descriptor that the starting program opened, such as systemd with socket activation. */
export async function listenOnDescriptor(server: Server, fd: number): Promise<void> {
  try {
    await listen(server, { fd })
  } catch (cause) {
    throw new ServeError('E8008_SOCKET', `Descriptor ${fd} is not a socket that can listen (${systemCode(cause)}).`, {
      hint: 'start it by a socket unit, or name another descriptor',
      cause,
    })
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw socketError(path, 'exists and is not a socket')
  const answer = await probe({ path })
  if (answer === 'answered') throw socketError(path, 'is held by another server, which answers')
  // Only a refused connection proves that no server listens: a full queue or a lack of permission does not.
  if (answer === 'unknown') throw socketError(path, 'is held by another program, which does not answer us')
  if (answer === 'refused') {
    await unlink(path).catch((error: unknown) => {
      throw socketError(path, `is left over and cannot be removed (${systemCode(error)})`, error)
    })
  }
}

function missingFolder(path: string, cause: unknown): ServeError {
  const folder = printable(dirname(path), 255)
  return new ServeError('E8008_SOCKET', `The folder of the socket does not exist: ${folder}`, {
    fix: { option: 'socket', value: join(tmpdir(), printable(basename(path), 255)) },
    cause,
  })
}

function socketError(path: string, problem: string, cause?: unknown): ServeError {
  const shown = printable(path, 255)
  return new ServeError('E8008_SOCKET', `The socket ${shown} ${problem}.`, {
    fix: { option: 'socket', value: `${shown}.2` },
    cause,
  })
}
