const proxyAll = 'serve8008 --proxy /=URL'
const noClipboard = 'leaving it out: the clipboard is never touched'
const alwaysCompressed = 'leaving it out: text is compressed already'
const noEtag = 'leaving it out: entity tags are always sent'

/** What the flags of other servers are called here. A value that starts with dashes takes the flag's place as it is. */
const habits: Readonly<Record<string, string>> = {
  '-a': '--host',
  '-b': alwaysCompressed,
  '-C': '--cors',
  '-d': '--listing',
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
  '--gzip': alwaysCompressed,
  '--hidden': '--dotfiles',
  '--https-port': '--tls-port',
  '--history-api-fallback': '--single',
  '--listen': '--port',
  '--maxage': '--cache',
  '--no-browser': '--no-open',
  '--no-clipboard': noClipboard,
  '--no-color': 'NO_COLOR=1 in the environment',
  '--no-compression': '--no-compress',
  '--no-etag': noEtag,
  '--no-port-switching': '--strict-port',
  '--no-request-logging': '--log=none',
  '--password': 'serve8008 --auth USER:PASSWORD',
  '--public': '--lan',
  '--qr': '--lan',
  '--qrcode': '--lan',
  '--root': 'serve8008 FOLDER',
  '--silent': '--quiet',
  '--spa-fallback': '--single',
  '--ssl-pass': '--passphrase',
  '--user': 'serve8008 --auth USER:PASSWORD',
}

/** What a flag of another server, typed from habit, is called here, or undefined. */
export function habitOf(flag: string): string | undefined {
  return Object.hasOwn(habits, flag) ? habits[flag] : undefined
}
