import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { TempFolder } from '../support/server.ts'
import { missing, missingModules } from './program.ts'

const require = createRequire(import.meta.url)
const python = '/usr/bin/python3'
const vite = join(dirname(require.resolve('vite/package.json')), 'bin/vite.js')

/** A program on a port of its own, and what it must be recognised as. */
export interface Peer {
  readonly product: string
  readonly version?: RegExp
  readonly skip: string | false
  readonly files?: (folder: TempFolder, port: number) => Readonly<Record<string, string>>
  readonly command: (folder: TempFolder, port: number) => readonly string[]
}

/** A folder that any of them serves. */
export const page = { 'index.html': '<!doctype html><title>Shop</title><body>hi</body>' }

/** Other servers of this machine. */
export const peers: Readonly<Record<string, Peer>> = {
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
  Squid: {
    product: 'Squid',
    version: /^\d+\./,
    skip: missing('squid'),
    files: (folder, port) => ({ 'squid.conf': squidConfig(folder, port, 'http_access allow all') }),
    command: squidCommand,
  },
  tinyproxy: {
    product: 'tinyproxy',
    version: /^\d+\./,
    skip: missing('tinyproxy'),
    files: (_, port) => ({ 'tiny.conf': tinyproxyConfig(port, 'Allow 127.0.0.1') }),
    command: (folder) => ['tinyproxy', '-d', '-c', folder.join('tiny.conf')],
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
  Express: {
    product: 'Express',
    skip: false,
    files: () => ({ 'app.cjs': listening('express', 'port, host') }),
    command: (folder, port) => [process.execPath, folder.join('app.cjs'), String(port)],
  },
  Fastify: {
    product: 'Fastify',
    skip: false,
    files: () => ({ 'app.cjs': listening('fastify', '{ port, host }') }),
    command: (folder, port) => [process.execPath, folder.join('app.cjs'), String(port)],
  },
  'the inspector of Node.js': {
    product: 'Node.js inspector',
    version: new RegExp(`^${process.versions.node}$`),
    skip: false,
    command: (_, port) => [process.execPath, `--inspect=127.0.0.1:${port}`, '-e', 'setInterval(() => {}, 1000)'],
  },
}

/** A program with an app of a framework. */
function listening(framework: string, place: string): string {
  const required = JSON.stringify(require.resolve(framework))
  return `const [port, host] = [Number(process.argv[2]), '127.0.0.1']; require(${required})().listen(${place})`
}

/** A squid that asks no name server and writes into its folder alone. */
export function squidConfig(folder: TempFolder, port: number, access: string): string {
  const lines = [
    `http_port 127.0.0.1:${port}`,
    access,
    'cache deny all',
    `pid_filename ${folder.join('squid.pid')}`,
    'access_log none',
    `cache_log ${folder.join('cache.log')}`,
    `coredump_dir ${folder.path}`,
    'shutdown_lifetime 0 seconds',
    'pinger_enable off',
    'netdb_filename none',
    'dns_nameservers 127.0.0.1',
    'visible_hostname localhost',
  ]
  return `${lines.join('\n')}\n`
}

/** The name keeps its shared memory apart from that of another squid. */
export function squidCommand(folder: TempFolder, port: number): readonly string[] {
  return ['squid', '-N', '-n', `verify${port}`, '-f', folder.join('squid.conf')]
}

export function tinyproxyConfig(port: number, rules: string): string {
  return [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 10', 'MaxClients 50', rules, ''].join('\n')
}
