import { discard } from '../../http/body/reply-body.ts'
import { withField } from '../../http/message/headers.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import { escapeHtml, visibleText } from '../../core/util/escape.ts'
import { injectedReply } from './reply.ts'
import type { WrappedKind } from '../page-request.ts'

/** Shows a picture as browsers do: on black, in the middle, and no larger than the window until it is clicked. */
const pictureStyle =
  'html,body{height:100%;margin:0;background:#0e0e0e}label{display:flex;min-height:100%;cursor:zoom-in}' +
  'input{position:absolute;opacity:0}img{margin:auto;max-width:100%;max-height:100vh;background:hsl(0 0% 90%)}' +
  ':checked+img{max-width:none;max-height:none;cursor:zoom-out}'

const textStyle =
  ':root{color-scheme:light dark}html,body,iframe{display:block;width:100%;height:100%;margin:0;border:0}'

/**
 * Makes the page around a picture or a text that a tab opens: the document that a browser makes for such a file cannot
 * hold a script. The page has the URL of the file. It requests a picture with `Sec-Fetch-Dest: image`, and so gets its
 * bytes. It shows a text in a frame with another query, because browsers do not load a frame with the URL of the page
 * around it (HTML standard section 4.8.5).
 */
export function wrapperPage(reply: Reply, kind: WrappedKind, { target, method }: Exchange): Reply {
  discard(reply.body)
  const name = target.path.slice(target.path.lastIndexOf('/') + 1)
  const [style, body] =
    kind === 'picture' ? [pictureStyle, picture(name, target.query)] : [textStyle, frame(name, target.query)]
  const markup =
    `<!doctype html><html><head><meta charset="utf-8"><title>${escapeHtml(visibleText(decoded(name)))}</title>` +
    `<link rel="icon" href="data:,"><style>${style}</style></head><body>${body}</body></html>`
  const headers = withField(reply.headers, 'Content-Type', 'text/html; charset=utf-8')
  const content = method === 'HEAD' && reply.body === null ? null : Buffer.from(markup)
  return injectedReply(reply, headers, content, markup)
}

function picture(name: string, query: string): string {
  return `<label><input type="checkbox"><img src="${escapeHtml(`./${name}${query}`)}" alt=""></label>`
}

/** The frame gets the focus, so that keys scroll the text. */
function frame(name: string, query: string): string {
  const address = `./${name}${query === '' ? '?' : `${query}&`}serve8008=no-live`
  return `<iframe src="${escapeHtml(address)}" autofocus></iframe>`
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
