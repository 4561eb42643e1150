const proxyAll = 'serve8008 --proxy /=URL'
const noClipboard = 'leave it out: the clipboard is never touched'
const alwaysCompressed = 'leave it out: text is compressed already'
const alwaysLive = 'leave it out: open pages are updated already; --no-live switches that off'
const cleanUrls = 'leave it out: /about is answered with about.html already'
const noDelay = 'leave it out: changes that come together are applied together'
const noEtag = 'leave it out: entity tags are always sent'
const noSettingsPage = 'leave it out: there is no page of settings'

/** Our names for the flags of other servers. A value that starts with dashes replaces the flag as it is. */
const foreignFlags: Readonly<Record<string, string>> = {
  '-a': '--host',
  '-b': alwaysCompressed,
  '-C': '--cors',
  '-d': '--listing',
  '-e': cleanUrls,
  '-f': '--watch',
  '-g': alwaysCompressed,
  '-i': '--listing',
  '-H': '--host',
  '-K': '--key',
  '-l': '--port',
  '-L': '--log=none',
  '-m': '--cache',
  '-n': noClipboard,
  '-P': proxyAll,
  '-u': '--no-compress',
  '-V': '--verbose',
  '--address': '--host',
  '--bind': '--host',
  '--brotli': alwaysCompressed,
  '--compression': '--compress',
  '--debug': '--verbose',
  '--dir': 'serve8008 FOLDER',
  '--dir-listing': '--listing',
  '--directory': 'serve8008 FOLDER',
  '--directory-listing': '--listing',
  '--entry-file': '--single',
  '--etag': noEtag,
  '--expose': '--lan',
  '--ext': cleanUrls,
  '--files': '--watch',
  '--gzip': alwaysCompressed,
  '--hidden': '--dotfiles',
  '--https-port': '--tls-port',
  '--history-api-fallback': '--single',
  '--hot': alwaysLive,
  '--htpasswd': '--auth-file',
  '--listen': '--port',
  '--live-reload': alwaysLive,
  '--livereload': alwaysLive,
  '--maxage': '--cache',
  '--no-browser': '--no-open',
  '--no-clipboard': noClipboard,
  '--no-color': 'set NO_COLOR=1 in the environment',
  '--no-compression': '--no-compress',
  '--no-etag': noEtag,
  '--no-live-reload': '--no-live',
  '--no-livereload': '--no-live',
  '--no-reload': '--no-live',
  '--no-port-switching': '--strict-port',
  '--no-request-logging': '--log=none',
  '--no-ui': noSettingsPage,
  '--outDir': 'serve8008 FOLDER',
  '--password': 'serve8008 --auth USER:PASSWORD',
  '--public': '--lan',
  '--qr': '--lan',
  '--qrcode': '--lan',
  '--reload-debounce': noDelay,
  '--reload-delay': noDelay,
  '--root': 'serve8008 FOLDER',
  '--server': 'leave it out: the folder to serve is a plain word, by default this one',
  '--silent': '--quiet',
  '--spa-fallback': '--single',
  '--ssl-pass': '--passphrase',
  '--startPath': '--open',
  '--ui-port': noSettingsPage,
  '--user': 'serve8008 --auth USER:PASSWORD',
  '--wait': noDelay,
}

/**
 * Our name for the flag of another server, or undefined.
 *
 * @param next The word behind it: `-C` is `--cors` for some, and names the certificate for others.
 */
export function foreignFlag(flag: string, next = ''): string | undefined {
  if (flag === '-C' && /\.(?:pem|crt|cer)$/i.test(next)) return '--cert'
  return Object.hasOwn(foreignFlags, flag) ? foreignFlags[flag] : undefined
}

/** Words of other servers, and what to write instead; an empty list where serving needs no word. */
export const foreignWords: Readonly<Record<string, readonly string[]>> = {
  dev: [],
  preview: [],
  serve: [],
  start: [],
  https: ['--tls'],
  tls: ['--tls'],
  lan: ['--lan'],
  open: ['--open'],
  port: ['--port'],
  kill: ['stop'],
}
