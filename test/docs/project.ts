import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fromRoot } from '../../scripts/paths.ts'
import { folderOf } from '../cli/command.ts'
import { makeCertificate } from '../support/certificate.ts'

/** Ports of backends in the documentation. */
const backendPorts = [3000, 3001, 4000, 5000, 5173, 5232, 8081]

/** Packages that programs of the documentation import, beside serve8008. */
const frameworks = ['express', 'fastify', 'hono', 'h3', 'marked', 'vite']

/** The folder in which a reader would be, and what is found there. */
export interface Project {
  readonly folder: string
  /** Environment of its commands. */
  readonly env: Readonly<Record<string, string>>
}

/** The backends of all sections. */
export interface Backends {
  /** The port that a backend really has, by the one that the documentation names. */
  readonly ports: ReadonlyMap<number, number>
  close(): void
}

/** One backend for each port of the documentation, on a port of its own; it answers with the port it stands for. */
export async function startBackends(): Promise<Backends> {
  const servers = backendPorts.map((port) => createServer((_request, response) => response.end(`backend ${port}`)))
  const ports = new Map<number, number>()
  for (const [at, server] of servers.entries()) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.set(backendPorts[at] ?? 0, (server.address() as AddressInfo).port)
  }
  return {
    ports,
    close() {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

/** Certificates of the user's own, as files of a project. */
export async function certificateFiles(): Promise<Readonly<Record<string, string | Buffer>>> {
  const { cert, key } = await makeCertificate('app.test')
  const pkcs12 = readFileSync(fromRoot('test/unit/tls/user-certificates/one.pfx'))
  const named = { 'my.p12': pkcs12, 'b.p12': pkcs12, 'certs/dev.pem': key }
  return { 'my.crt': cert, 'my.key': key, 'a.crt': cert, 'a.key': key, ...named }
}

/** A project with the files that the documentation names, the built command, and a home folder of its own. */
export async function makeProject(
  t: TestContext,
  built: string,
  certificates: Readonly<Record<string, string | Buffer>>,
): Promise<Project> {
  const folder = await folderOf(t, {
    'site/index.html': '<!doctype html><title>Hello</title>',
    'site/about.html': '<!doctype html><title>About</title>',
    'site/app.css': 'body {}',
    'site/ten.txt': '0123456789',
    'site/docs/one.txt': 'one\n',
    'dist/index.html': '<!doctype html><title>App</title>',
    'dist/app.css': 'body {}',
    ...Object.fromEntries(['web', 'docs', 'app', 'admin'].map((site) => [`${site}/index.html`, `<h1>${site}</h1>`])),
    'notes/hello.md': '# Hello\n',
    'mock/users.json': '[{ "name": "Ann" }]\n',
    'manual/index.html': '<!doctype html><title>Manual</title>',
    ...certificates,
    users: 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n',
    '.htpasswd': 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n',
    'client.py': "import os, urllib.request\nurllib.request.urlopen(os.environ['DOCS_TLS_URL']).read()\n",
    'package.json': '{ "private": true, "type": "module" }',
    'bin/serve8008': `#!/bin/sh\nexec '${process.execPath}' '${built}' "$@"\n`,
    // A package of the project is what npx runs: `test/package` does so with npx itself.
    'bin/npx': '#!/bin/sh\nexec "$@"\n',
    'home/.keep': '',
  })
  for (const name of ['serve8008', 'npx']) chmodSync(join(folder, 'bin', name), 0o755)
  mkdirSync(join(folder, 'node_modules'))
  // The built command stands in `bin` of the package.
  symlinkSync(dirname(dirname(built)), join(folder, 'node_modules/serve8008'))
  for (const name of frameworks) symlinkSync(fromRoot('node_modules', name), join(folder, 'node_modules', name))
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'home'),
    SERVE8008_PORT: '0',
    B_PASSPHRASE: 'open',
    NO_COLOR: '1',
    TERM: 'xterm',
    SHELL: '/bin/sh',
    BROWSER: 'none',
  }
  return { folder, env }
}
