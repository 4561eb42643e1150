import { optionTable, type OptionEntry } from '../../config/options/option-table.ts'

const noClipboard = 'leave it out: the clipboard is never touched'
const noDelay = 'leave it out: changes that come together are applied together'
const noEtag = 'leave it out: entity tags are always sent'
const noSettingsPage = 'leave it out: there is no page of settings'

/** Flags of other servers that no option of ours replaces. A value that starts with dashes replaces the flag as it is. */
const foreignFlags: NonNullable<OptionEntry['foreignFlags']> = [
  [['-V', '--debug'], '--verbose'],
  [['--silent'], '--quiet'],
  [['-n', '--no-clipboard'], noClipboard],
  [['--etag', '--no-etag'], noEtag],
  [['--no-color'], 'set NO_COLOR=1 in the environment'],
  [['--no-ui', '--ui-port'], noSettingsPage],
  [['--reload-debounce', '--reload-delay', '--wait'], noDelay],
  [['--ws', '--websocket'], 'leave it out: WebSockets pass through every route'],
  [
    ['--change-origin', '--change-host-header'],
    'write it behind the target: -x /api=http://localhost:3000,changeOrigin',
  ],
  [['--insecure', '--secure'], 'write it behind the target: -x /api=https://localhost:8443,insecure'],
  [['--rewrite', '--path-rewrite'], 'the path of a target replaces that of the match: --proxy /api=:3000/v1'],
  [['--server'], 'leave it out: the folder to serve is a plain word, by default this one'],
]

/**
 * Our name for the flag of another server, or undefined.
 *
 * @param next The word behind it: `-C` is `--cors` for some, and names the certificate for others; `-P` was meant as `-p`
 *   where a number follows, and `-H` as the header field of curl where one does.
 */
export function foreignFlag(flag: string, next = ''): string | undefined {
  if (flag === '-P' && /^\d+$/.test(next)) return '--port'
  if (flag === '-H' && /^[A-Za-z][\w-]*:(?: |[^\d:/])/.test(next)) return '--header'
  if (flag === '-C' && /\.(?:pem|crt|cer)$/i.test(next)) return '--cert'
  const known = [...optionTable.flatMap((entry) => entry.foreignFlags ?? []), ...foreignFlags]
  return known.find(([names]) => names.includes(flag))?.[1]
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
