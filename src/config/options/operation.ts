import { redactUrl } from '../../core/util/secret.ts'
import { quote } from '../diagnostic.ts'
import type { LogFormat } from '../value-types.ts'
import { resolveOpen } from '../values/paths.ts'
import { choice, option, plain, switchOrText, type Option } from './option.ts'

/** Browser and output. */
export class OperationOptions {
  /** Open the browser once listening, at this path when it is a string (a relative one is below `base`). Only the command uses it. Default false. */
  readonly open: Option<boolean | string, string | undefined> = option({
    ...switchOrText('true, false or a path'),
    aliases: ['o'],
    valueName: 'PATH',
    form: () => /^(\/|https?:\/\/)|\.html?$/i,
    default: false,
    description: 'Open the browser once listening, at this path if one is given.',
    overview: 'open the browser',
    isOfStart: true,
    accepts: 'true, false or a URL path such as /docs/',
    resolve: (path, { base, problems }) => resolveOpen(path, base, problems),
    redact: (path) => (path === undefined ? undefined : redactUrl(path)),
    foreignFlags: [
      [['--startPath'], '--open'],
      [['--no-browser'], '--no-open'],
    ],
    foreignKeys: [
      [['startPath'], (value) => `did you mean open: ${typeof value === 'string' ? quote(value) : "'/path'"}?`],
      [['browser'], 'set the variable BROWSER; "open" says whether'],
    ],
  })
  /** Access log: `pretty`, `common`, `combined`, `json` or `none`. Default `none` in the library, `pretty` in the command. */
  readonly log: Option<LogFormat> = plain({
    ...choice(['pretty', 'common', 'combined', 'json', 'none'], 'a log format'),
    valueName: 'FORMAT',
    default: 'none',
    commandDefault: 'pretty',
    description: 'Format of the access log.',
    isOfStart: true,
    foreignFlags: [[['-L', '--no-request-logging'], '--log=none']],
    foreignKeys: [
      [['json'], "did you mean log: 'json'?"],
      [['silent', 'quiet', 'logLevel'], "did you mean log: 'none'?"],
    ],
    correct: (value) => {
      const word = String(value)
      if (/^(?:false|off|no|quiet|silent|0)$/i.test(word)) return 'did you mean "none"?'
      // Formats of morgan that are not ours.
      return /^(?:true|on|yes|dev|short|tiny|1)$/i.test(word) ? 'did you mean "pretty"?' : undefined
    },
  })
}

/** The definitions. @internal */
export const operationOptions: OperationOptions = new OperationOptions()
