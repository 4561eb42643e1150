import { outOfFiles } from '../core/out-of-files.ts'
import { isServeError, optionText, ServeError, type Suggestion } from '../core/serve-error.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import { ClientLeftError } from '../http/body/body-relay.ts'
import { abandonedReply, type Reply } from '../http/message/reply.ts'
import type { Phrase } from './embedder-options.ts'
import type { Events } from './events.ts'
import { errorReply, linksUp } from '../pages/error-page.ts'

export { errorReply }

/** Makes a reply from a thrown value, and adds notes for the log. */
export type Refuse = (thrown: unknown, x: Exchange) => Reply

/** An option as the author of a program sets it: ``add `allowHost: ['my.app']` to the options``. */
export function programPhrase(fix: Suggestion): string {
  return `add \`${optionText(fix)}\` to the options`
}

/** A phrase of the program, whose errors become events. */
export function guardedPhrase(phrase: Phrase, events: Events): Phrase {
  return (fix) => {
    let text: string | undefined
    events.guard('The function "phrase"', () => void (text = phrase(fix)))
    return text ?? programPhrase(fix)
  }
}

/** Compiles how errors become replies. Internal errors are reported to `onFault`, and hidden from the client. */
export function createRefuse(onFault: (error: ServeError) => void, phrase: Phrase, base: string): Refuse {
  return (thrown, x) => {
    if (thrown instanceof ClientLeftError) return abandonedReply(x)
    const error = isServeError(thrown) ? thrown : (outOfFiles(thrown) ?? internalError(thrown))
    if (error.status === 500) onFault(error)
    x.notes.refusal = error.code
    const hint = error.fix === undefined ? error.hint : phrase(error.fix)
    // The note of a stage tells the log more than a hint for the client.
    const remark = error.status === 500 ? causeText(error) : (x.notes.remark ?? hint)
    if (remark !== undefined) x.notes.remark = remark
    const links = error.code === 'E8008_NOT_FOUND' ? linksUp(x.target.path, base) : []
    return errorReply(error, x.headers.get('accept'), hint, links)
  }
}

/** Turns what inner layers throw into a reply. */
export function createErrorBoundary(refuse: Refuse): Layer {
  return (next) => (x) => {
    try {
      const reply = next(x)
      return reply instanceof Promise ? reply.catch((thrown: unknown) => refuse(thrown, x)) : reply
    } catch (thrown) {
      return refuse(thrown, x)
    }
  }
}

function internalError(cause: unknown): ServeError {
  return new ServeError('E8008_INTERNAL', `Something failed while a request was answered: ${thrownText(cause)}`, {
    cause,
  })
}

/** The cause for the log; listeners of `error` get the stack. */
function causeText({ cause, message }: ServeError): string {
  return cause === undefined ? message : thrownText(cause)
}
