import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer, type ProgramOptions, type Server8008, type ServeOptions } from '../../src/index.ts'

/** A folder for one test, removed with it. */
export class TempFolder {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-')))

  /** Writes files by relative name, with their folders. */
  async write(files: Readonly<Record<string, string | Uint8Array>>): Promise<this> {
    for (const [name, content] of Object.entries(files)) {
      const file = this.join(name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
    }
    return this
  }

  join(...names: string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A server on a free port, closed with the test. */
export interface Started extends AsyncDisposable {
  readonly server: Server8008
  readonly port: number
  readonly folder: TempFolder
  /** The `Host` line that names this server. */
  readonly hostLine: string
}

/** Serves a temporary folder with these files. */
export async function startServer(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions & ProgramOptions = {},
): Promise<Started> {
  const folder = await new TempFolder().write(files)
  const port = options.listeners === undefined ? { port: 0 } : {}
  const server = createServer({ root: folder.path, ...port, host: '127.0.0.1', ...options })
  const listening = await server.listen()
  return {
    server,
    port: listening.port,
    folder,
    hostLine: `Host: localhost:${listening.port}`,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}
