import { quote } from '../diagnostic.ts'
import { resolveServe } from '../values/access.ts'
import * as v from 'valibot'
import { parseFolder, parseMounts } from '../values/parse-text.ts'
import { resolveFolder } from '../values/paths.ts'
import { joint, oneText, option, plain, severalTexts, toggle, type Joint, type Option, type Toggle } from './option.ts'
import { plainText, recordOf } from './shapes.ts'

/** Which folders and files are served. */
export class FileOptions {
  /** Folder to serve, false for none: what no route answers is then a 404. Default `.` */
  readonly root: Option<string | false, string | undefined> = option({
    schema: v.union([v.literal(false), plainText], 'the path of a folder, or false'),
    kind: 'optional',
    parse: parseFolder,
    valueName: 'FOLDER',
    isPath: true,
    default: '.',
    description: 'Folder to serve; --no-root serves none.',
    makesSite: true,
    isOfStart: true,
    accepts: 'the path of a folder, or false for none',
    resolve: (folder, { cwd, problems }) =>
      folder === false ? undefined : resolveFolder(folder, cwd, ['root'], problems),
    foreignFlags: [[['--dir', '--directory', '--outDir'], 'serve8008 FOLDER']],
    foreignKeys: [
      [
        ['static', 'publicDir', 'contentBase', 'directory', 'dir', 'baseDir', 'folder', 'public', 'serveStatic'],
        (value) =>
          `did you mean ${typeof value === 'string' ? `root: ${quote(value)}` : '"root"'}? Further folders are "mounts"`,
      ],
    ],
    correct: (value) => (value instanceof URL ? 'use its path: fileURLToPath(url)' : undefined),
  })
  /** Additional folders by path below `base`: `{ '/docs': './manual' }`. Each becomes a route, after those of `routes`. */
  readonly mounts: Joint<Readonly<Record<string, string>>> = joint({
    schema: recordOf(plainText, 'an object'),
    flag: 'mount',
    kind: 'list',
    valueName: '/PATH=FOLDER',
    isPath: true,
    parse: parseMounts,
    default: {},
    description: 'Serve another folder below a path; or simply write /docs=./manual.',
    makesSite: true,
    takesEdits: true,
    accepts: 'paths with a folder each, for example { "/docs": "./manual" }',
    innerKey: (path) => `/${path.replace(/^\/+|\/+$/g, '')}`,
  })
  /** Path prefix below which everything is served, for example `/docs/`. Default `/`. */
  readonly base: Joint<string> = joint({
    ...oneText,
    valueName: 'PATH',
    default: '/',
    description: 'Path prefix below which everything is served.',
    accepts: 'a URL path such as /docs/',
    foreignKeys: [[['publicPath'], 'did you mean "base"?']],
  })
  /** Serve and list names that start with a dot. Default false; `.well-known` is always served. */
  readonly dotfiles: Toggle = plain({
    ...toggle,
    default: false,
    description: 'Serve and list names that start with a dot; .well-known is always served.',
    foreignFlags: [[['--hidden'], '--dotfiles']],
    foreignKeys: [[['showDotfiles'], 'did you mean "dotfiles"?']],
  })
  /**
   * Names (`*.key`) and paths below the served folder (`video/**`) to serve although they are on the deny list, which holds
   * keys, credentials, backups, dotfiles and the like. `*` matches a part of a name, `**` folders, `?` one character. The
   * configuration of serve8008 is never served. Default none.
   */
  readonly serve: Option<string | readonly string[], readonly string[]> = option({
    ...severalTexts,
    valueName: 'PATTERN',
    default: [],
    description: 'Serve a name (*.key) or path (video/**) although it is blocked as a key, a credential or a backup.',
    accepts: 'names such as *.key or paths such as video/**',
    resolve: (patterns, { problems }) => resolveServe(patterns, problems),
  })
  /** Follow symbolic links to files outside of the served folder. Default false. */
  readonly followSymlinks: Toggle = plain({
    ...toggle,
    aliases: ['symlinks'],
    default: false,
    description: 'Follow symbolic links to files outside of the served folder.',
  })
}

/** The definitions. @internal */
export const fileOptions: FileOptions = new FileOptions()
