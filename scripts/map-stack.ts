/** `npm run map-stack -- FILE`: prints a stack trace of the released command with its places in the sources. */
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fromRoot } from './paths.ts'

/**
 * The text with `dist/chunks/NAME.js:LINE:COLUMN` replaced by the place in the sources. The name holds a hash of the
 * content, so a map of another version is never taken: a chunk without a map stays as it is.
 *
 * @param maps Folder of the source maps that `npm run build` writes.
 */
export function mapStack(text: string, maps: string = fromRoot('maps')): string {
  return text.replaceAll(/[^\s()]*[/\\]([\w.-]+\.js):(\d+):(\d+)/g, (place, file: string, line, column) => {
    const path = join(maps, `${file}.map`)
    if (!existsSync(path)) return place
    const map = new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload)
    const origin = map.findOrigin(Number(line), Number(column))
    return 'fileName' in origin ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}` : place
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(mapStack(readFileSync(process.argv[2] ?? 0, 'utf8')))
}
