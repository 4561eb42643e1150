// Asks for this very page until something else than serve8008 itself answers, then goes there. It asks for problem
// details, so that a refusal of serve8008 is known by its code, and for no page, so that nobody holds the request.
const detail = document.querySelector('.detail')
const since = document.querySelector('.since')
const begun = Date.now()

async function isBack() {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), 10000)
  try {
    const answer = await fetch(location.href, {
      cache: 'no-store',
      redirect: 'manual',
      headers: { accept: 'application/problem+json', 'x-serve8008': 'waiting' },
      signal: stop.signal,
    })
    if (answer.status < 502 || answer.status > 504) return true
    if (!/^application\/problem\+json/.test(answer.headers.get('content-type') ?? '')) return true
    const problem = await answer.json()
    if (!String(problem.code).startsWith('E8008_')) return true
    tell(problem.detail)
    return false
  } catch {
    tell('serve8008 itself does not answer.')
    return false
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

// Written only when it changes, so that a screen reader says it once.
function tell(text) {
  if (typeof text === 'string' && detail.textContent !== text) detail.textContent = text
}

function showTime() {
  const seconds = Math.round((Date.now() - begun) / 1000)
  since.hidden = since.previousElementSibling.hidden = false
  since.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

async function look() {
  if (await isBack()) return location.reload()
  // Not seen, it need not be quick; nor when it has waited for long.
  const pause = document.hidden || Date.now() - begun > 120000 ? 2000 : 400
  setTimeout(look, pause)
}

setInterval(showTime, 1000)
setTimeout(look, 400)
