// Requests this page until the upstream answers, then reloads it. The request accepts problem details, since their code
// identifies errors of serve8008, and no HTML, so that serve8008 does not take it for a navigation.
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
    show(problem.detail)
    return false
  } catch {
    show('serve8008 does not answer.')
    return false
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

// Writes a text only if it is new, since a screen reader reads each change.
function show(text) {
  if (typeof text === 'string' && detail.textContent !== text) detail.textContent = text
}

function showTime() {
  const seconds = Math.round((Date.now() - begun) / 1000)
  since.hidden = since.previousElementSibling.hidden = false
  since.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

async function poll() {
  if (await isBack()) return location.reload()
  // A hidden page, and one that has waited for 2 minutes, asks less often.
  const pause = document.hidden || Date.now() - begun > 120000 ? 2000 : 400
  setTimeout(poll, pause)
}

setInterval(showTime, 1000)
setTimeout(poll, 400)
