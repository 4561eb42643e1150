/** What stands behind the proxies, and the files that everyone serves. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { freePort } from '../support/free-port.ts'
import { nginxCommand, nginxConfig } from './native-peers.ts'
import { start, type Running } from './processes.ts'

/** nginx answers an upload before it has read it, Node after: proxies must be fast with both. */
export type BackendName = 'nginx' | 'Node'

/** A backend that answers. */
export interface Backend extends Running {
  readonly port: number
}

/** Writes the files of the comparison into a new folder. */
export function writeSite(site: string): void {
  mkdirSync(site)
  const line = 'export const answer = (question) => question.length * 42\n'
  const script = line.repeat(100 * 1024).slice(0, 100 * 1024)
  writeFileSync(join(site, 'index.html'), '<!doctype html><title>Shop</title><p>Hello</p>\n')
  writeFileSync(join(site, '1k.txt'), 'x'.repeat(1024))
  writeFileSync(join(site, '100k.txt'), 'x'.repeat(100 * 1024))
  writeFileSync(join(site, '1m.txt'), 'x'.repeat(2 ** 20))
  writeFileSync(join(site, '10m.txt'), 'x'.repeat(10 * 2 ** 20))
  writeFileSync(join(site, 'app.js'), script)
  writeFileSync(join(site, 'app.js.br'), brotliCompressSync(script))
}

/** Starts a backend on the core of the load. */
export async function startBackend(name: BackendName, site: string, folder: string): Promise<Backend> {
  mkdirSync(folder)
  const port = await freePort()
  const running = await start(commandOf(name, site, folder, port), 1, `http://127.0.0.1:${port}/1k.txt`, folder)
  return { ...running, port }
}

function commandOf(name: BackendName, site: string, folder: string, port: number): string[] {
  if (name === 'Node') return [process.execPath, join(import.meta.dirname, 'node-backend.js'), site, String(port)]
  const file = join(folder, 'nginx.conf')
  const upload = 'client_max_body_size 0; location /upload { return 200 "ok"; }'
  writeFileSync(file, nginxConfig(folder, `listen 127.0.0.1:${port} backlog=4096; root ${site}; ${upload}`))
  return nginxCommand(file, { folder })
}
