import { discard } from '../http/body.ts'
import { withField } from '../http/headers.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import { escapeHtml, visibleText } from '../util/escape.ts'
import { injectedReply } from './injected-reply.ts'

/** As browsers show a picture: on black, in the middle, and no larger than the window until it is clicked. */
const style =
  'html,body{height:100%;margin:0;background:#0e0e0e}label{display:flex;min-height:100%;cursor:zoom-in}' +
  'input{position:absolute;opacity:0}img{margin:auto;max-width:100%;max-height:100vh;background:hsl(0 0% 90%)}' +
  ':checked+img{max-width:none;max-height:none;cursor:zoom-out}'

/**
 * A page around a picture that is opened by itself, at the picture's own address: the document that a browser makes of a
 * picture cannot hold a script. The page asks for the picture with `Sec-Fetch-Dest: image`, and so gets its bytes.
 */
export function picturePage(reply: Reply, { target, method }: Exchange): Reply {
  discard(reply.body)
  const name = target.path.slice(target.path.lastIndexOf('/') + 1)
  const address = escapeHtml(`./${name}${target.query}`)
  const markup =
    `<!doctype html><html><head><meta charset="utf-8"><title>${escapeHtml(visibleText(decoded(name)))}</title>` +
    `<link rel="icon" href="data:,"><style>${style}</style></head>` +
    `<body><label><input type="checkbox"><img src="${address}" alt=""></label></body></html>`
  const headers = withField(reply.headers, 'Content-Type', 'text/html; charset=utf-8')
  const body = method === 'HEAD' && reply.body === null ? null : Buffer.from(markup)
  return injectedReply(reply, headers, body, markup)
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
