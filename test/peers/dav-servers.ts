import { chmodSync } from 'node:fs'
import type { ServeOptions } from '../../src/index.ts'
import { makeCertificate } from '../support/certificate.ts'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'

/** A WebDAV server that runs until the end of the test. */
export interface DavServer extends AsyncDisposable {
  readonly port: number
  /** Of Apache, which redirects `/moved` to it, by its own name. */
  readonly tlsPort: number
  /** Path of a collection that a client may fill, with a slash at both ends. */
  readonly home: string
}

/** The user of every server, who needs no password. */
export const authorization: string = `Basic ${Buffer.from('user:secret').toString('base64')}`

/** A calendar with one event. */
export function event(uid: string): string {
  const fields = [`UID:${uid}`, 'DTSTAMP:20260101T000000Z', 'DTSTART:20260101T000000Z', `SUMMARY:event ${uid}`]
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:test',
    'BEGIN:VEVENT',
    ...fields,
    'END:VEVENT',
    'END:VCALENDAR',
  ]
  return `${lines.join('\r\n')}\r\n`
}

/** How a server starts, at the root or with a prefix for all of its paths. */
export interface DavProgram {
  readonly skip: string | false
  readonly files: (folder: TempFolder, port: number, tlsPort: number) => Promise<Readonly<Record<string, string>>>
  readonly command: (folder: TempFolder, port: number, prefix: string) => readonly string[]
  readonly home: string
}

const modules = '/usr/lib/apache2/modules'

/** The programs by name. */
export const davPrograms: Readonly<Record<'apache' | 'radicale' | 'xandikos', DavProgram>> = {
  apache: {
    skip: missing('apache2'),
    home: '/',
    files: async (folder, port, tlsPort) => {
      const load = (name: string): string => `LoadModule ${name}_module ${modules}/mod_${name}.so`
      const config = [
        ...['mpm_event', 'authz_core', 'alias', 'dir', 'mime', 'dav', 'dav_fs', 'ssl'].map(load),
        `TypesConfig ${folder.join('mime.types')}`,
        `ServerName localhost:${port}`,
        `Listen 127.0.0.1:${port}`,
        `PidFile ${folder.join('apache.pid')}`,
        `ErrorLog ${folder.join('error.log')}`,
        `DocumentRoot ${folder.join('site')}`,
        `DavLockDB ${folder.join('locks/db')}`,
        `Listen 127.0.0.1:${tlsPort} https`,
        `Redirect /moved https://localhost:${tlsPort}`,
        'SSLSessionCache none',
        `<VirtualHost *:${tlsPort}>`,
        '  SSLEngine on',
        `  SSLCertificateFile ${folder.join('site.crt')}`,
        `  SSLCertificateKeyFile ${folder.join('site.key')}`,
        '</VirtualHost>',
        'User #65534',
        'Group #65534',
        `<Directory ${folder.join('site')}>`,
        '  Dav On',
        '  Require all granted',
        '</Directory>',
      ]
      const { cert, key } = await makeCertificate('localhost')
      return {
        'site.crt': cert,
        'site.key': key,
        'apache.conf': `${config.join('\n')}\n`,
        'site/index.html': '<h1>from apache</h1>',
        'site/dav/keep': '',
        'locks/keep': '',
        'mime.types': 'text/html html\n',
      }
    },
    command: (folder) => ['apache2', '-X', '-d', folder.path, '-f', folder.join('apache.conf')],
  },
  radicale: {
    skip: missing('radicale'),
    home: '/user/',
    files: async (folder, port) => {
      const config = [
        ...['[server]', `hosts = 127.0.0.1:${port}`, '[auth]', 'type = none'],
        ...['[storage]', `filesystem_folder = ${folder.join('store')}`],
        ...['[rights]', 'type = from_file', `file = ${folder.join('rights')}`],
      ]
      return {
        rights: '[all]\nuser: .*\ncollection: .*\npermissions: RrWw\n',
        'config.ini': `${config.join('\n')}\n`,
      }
    },
    command: (folder) => ['radicale', '--config', folder.join('config.ini')],
  },
  xandikos: {
    skip: missing('xandikos'),
    home: '/user/',
    files: async () => ({ 'store/keep': '' }),
    command: (folder, port, prefix) => [
      ...['xandikos', '-d', folder.join('store'), '--defaults', '-l', '127.0.0.1', '-p', String(port)],
      ...['--current-user-principal', '/user/', ...(prefix === '' ? [] : ['--route-prefix', prefix])],
    ],
  },
}

/** The preset in front of a server, with its listeners on ports that the system chooses. */
export function presetOptions(port: number): ServeOptions {
  const listeners = [
    { name: 'plain', port: 0 },
    { name: 'tls', port: 0, tls: true },
  ]
  return { preset: 'caldav', upstream: `http://127.0.0.1:${port}`, listeners, root: undefined }
}

/** Starts a WebDAV server with an empty collection. */
export async function startDav(name: keyof typeof davPrograms, prefix = ''): Promise<DavServer> {
  const { files, command, home } = davPrograms[name]
  const folder = new TempFolder()
  const port = await freePort()
  const tlsPort = await freePort()
  await folder.write(await files(folder, port, tlsPort))
  // Apache drops root privileges, and its children write here.
  if (name === 'apache') for (const each of ['', 'site', 'site/dav', 'locks']) chmodSync(folder.join(each), 0o777)
  const program = await Program.start(command(folder, port, prefix), port)
  // radicale creates the collection of a user with the first request.
  await fetch(`http://127.0.0.1:${port}${prefix}${home}`, {
    method: 'PROPFIND',
    headers: { depth: '0', authorization },
  })
  return {
    port,
    tlsPort,
    home,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
