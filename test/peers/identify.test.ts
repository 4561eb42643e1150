import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { identify } from '../../src/scan/scan.ts'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, missingModules, Program } from './program.ts'

const require = createRequire(import.meta.url)
const python = '/usr/bin/python3'
const vite = join(dirname(require.resolve('vite/package.json')), 'bin/vite.js')

/** A program on a port of its own, and what it must be recognised as. */
interface Peer {
  readonly product: string
  readonly version?: RegExp
  readonly skip: string | false
  readonly files?: (folder: TempFolder, port: number) => Readonly<Record<string, string>>
  readonly command: (folder: TempFolder, port: number) => readonly string[]
}

const page = { 'index.html': '<!doctype html><title>Shop</title><body>hi</body>' }

const peers: Readonly<Record<string, Peer>> = {
  nginx: {
    product: 'nginx',
    version: /^\d+\.\d+/,
    skip: missing('nginx'),
    files: (folder, port) => ({
      'nginx.conf': `daemon off; master_process off; pid ${folder.join('pid')}; error_log ${folder.join('log')};
        events {} http { access_log off; server { listen 127.0.0.1:${port}; root ${folder.path}; } }`,
    }),
    command: (folder) => ['nginx', '-p', folder.path, '-c', folder.join('nginx.conf')],
  },
  'Apache with mod_dav': {
    product: 'Apache HTTP Server (mod_dav)',
    version: /^2\.4/,
    skip: missing('apache2'),
    files: (folder, port) => ({
      'apache.conf': [
        ...['mpm_event', 'authz_core', 'mime', 'dav', 'dav_fs'].map(
          (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
        ),
        `TypesConfig ${folder.join('mime.types')}`,
        `ServerName localhost:${port}\nListen 127.0.0.1:${port}`,
        `PidFile ${folder.join('pid')}\nErrorLog ${folder.join('log')}\nDavLockDB ${folder.join('locks')}`,
        `DocumentRoot ${folder.join('site')}\nUser #65534\nGroup #65534`,
        `<Directory ${folder.join('site')}>\nDav On\nRequire all granted\n</Directory>\n`,
      ].join('\n'),
      'mime.types': 'text/html html\n',
      'site/index.html': 'hi',
    }),
    command: (folder) => ['apache2', '-X', '-d', folder.path, '-f', folder.join('apache.conf')],
  },
  radicale: {
    product: 'radicale',
    skip: missing('radicale'),
    files: (folder, port) => ({
      config: `[server]\nhosts = 127.0.0.1:${port}\n[auth]\ntype = none\n[storage]\nfilesystem_folder = ${folder.join('store')}\n`,
    }),
    command: (folder) => ['radicale', '--config', folder.join('config')],
  },
  'docker-registry': {
    product: 'Docker registry',
    skip: missing('docker-registry'),
    files: (_, port) => ({
      'registry.yml': `version: 0.1\nlog: { level: error }\nstorage: { inmemory: {} }\nhttp: { addr: '127.0.0.1:${port}' }\n`,
    }),
    command: (folder) => ['docker-registry', 'serve', folder.join('registry.yml')],
  },
  Django: {
    product: 'Django',
    skip: missingModules('django'),
    files: (_, port) => ({
      'manage.py': `from django.conf import settings
settings.configure(DEBUG=True, SECRET_KEY='test', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['localhost'])
urlpatterns = []
from django.core.management import execute_from_command_line
execute_from_command_line(['manage.py', 'runserver', '--noreload', '127.0.0.1:${port}'])
`,
    }),
    command: (folder) => [python, folder.join('manage.py')],
  },
  'python -m http.server': {
    product: 'Python http.server',
    version: /^3\./,
    skip: missingModules('http.server'),
    command: (_, port) => [python, '-m', 'http.server', '--bind', '127.0.0.1', String(port)],
  },
  Twisted: {
    product: 'Twisted',
    version: /^\d+\./,
    skip: missingModules('twisted'),
    command: (folder, port) => [
      ...[python, '-m', 'twisted', 'web'],
      ...['--listen', `tcp:${port}:interface=127.0.0.1`, '--path', folder.path],
    ],
  },
  Vite: {
    product: 'Vite',
    skip: false,
    command: (_, port) => [process.execPath, vite, '--port', String(port), '--strictPort', '--host', '127.0.0.1'],
  },
  'the inspector of Node.js': {
    product: 'Node.js inspector',
    version: new RegExp(`^${process.versions.node}$`),
    skip: false,
    command: (_, port) => [process.execPath, `--inspect=127.0.0.1:${port}`, '-e', 'setInterval(() => {}, 1000)'],
  },
}

describe('recognises programs that run', () => {
  for (const [name, { product, version, skip, files, command }] of Object.entries(peers)) {
    test(name, { skip }, async () => {
      const port = await freePort()
      using folder = await new TempFolder().write(page)
      await folder.write(files?.(folder, port) ?? {})
      // Servers that drop the rights of root read and write here.
      chmodSync(folder.path, 0o777)
      await using _program = await Program.start(command(folder, port), port, folder.path)
      // A program that has just started is slower than it will ever be.
      const identity = await identify({ address: '127.0.0.1', port }, { deadlineMs: 20_000 })
      assert.equal(identity.product, product, identity.evidence.join('\n'))
      if (version !== undefined) assert.match(identity.version ?? '', version)
    })
  }
})

/** Frameworks of Node.js, each as an app that greets. */
const frameworks: Readonly<Record<string, () => Promise<Server>>> = {
  Express: async () => {
    const express = require('express') as () => { get(path: string, act: (...each: never[]) => void): void }
    return createServer(express() as never)
  },
  Fastify: async () => {
    const { fastify } = require('fastify') as { fastify(): { ready(): Promise<unknown>; server: Server } }
    const app = fastify()
    await app.ready()
    return app.server
  },
  'h3 (Nitro)': async () => {
    const { H3 } = (await import('h3')) as unknown as { H3: new () => object }
    const { toNodeHandler } = (await import('h3')) as unknown as { toNodeHandler(app: object): never }
    return createServer(toNodeHandler(new H3()))
  },
}

describe('recognises frameworks of Node.js', () => {
  for (const [product, make] of Object.entries(frameworks)) {
    test(product, async () => {
      const server = await make()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const identity = await identify({ address: '127.0.0.1', port: (server.address() as AddressInfo).port })
      server.close()
      assert.equal(identity.product, product, identity.evidence.join('\n'))
    })
  }
})
